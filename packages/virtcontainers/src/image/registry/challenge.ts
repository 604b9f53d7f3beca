/** One challenge of a WWW-Authenticate header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In lower case. */
  scheme: string;
  parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(
  `^(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*(?:,\\s*|$)`,
);
const scheme = new RegExp(`^(${token})(?:\\s+|\\s*,\\s*|$)`);

/** Takes a WWW-Authenticate header apart; what can't be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = header.slice(0, 8192).trim();
  while (rest.length > 0) {
    const start = scheme.exec(rest);
    if (!start?.[1]) break;
    rest = rest.slice(start[0].length);
    const parameters = new Map<string, string>();
    for (let match = parameter.exec(rest); match?.[1]; match = parameter.exec(rest)) {
      const value = match[2] === undefined ? match[3] : match[2].replace(/\\(.)/g, "$1");
      parameters.set(match[1].toLowerCase(), value ?? "");
      rest = rest.slice(match[0].length);
    }
    challenges.push({ scheme: start[1].toLowerCase(), parameters });
  }
  return challenges;
}
