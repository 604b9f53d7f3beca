/** Text, or a variable to put in its place. */
export type Word = (string | { name: string })[];

export interface SimpleCommand {
  words: Word[];
  stdout: "stderr" | "null" | undefined;
  stderr: "stdout" | "null" | undefined;
}

/** Commands that run side by side; `after` is the outcome of the one before that lets it run. */
export interface Step {
  /** true after `&&`, false after `||`, undefined otherwise. */
  after: boolean | undefined;
  pipeline: SimpleCommand[];
}

export class ScriptError extends Error {}

const redirections: readonly [RegExp, Partial<SimpleCommand>][] = [
  [/^(?:1?>&2|>>?\/dev\/stderr)(?=[\s;&|]|$)/, { stdout: "stderr" }],
  [/^2>&1(?=[\s;&|]|$)/, { stderr: "stdout" }],
  [/^1?> ?\/dev\/null(?=[\s;&|]|$)/, { stdout: "null" }],
  [/^2> ?\/dev\/null(?=[\s;&|]|$)/, { stderr: "null" }],
];
const operator = /^(?:&&|\|\||[;\n|])/;
const unknown = /^(?:[<>&()`*{}]|\$\()/;

/** Takes a script apart; throws ScriptError at what this shell does not know. */
export function parseScript(script: string): Step[] {
  const steps: Step[] = [];
  let step: Step = { after: undefined, pipeline: [] };
  let command: SimpleCommand = empty();
  const endCommand = (): void => {
    if (command.words.length > 0) step.pipeline.push(command);
    command = empty();
  };
  let rest = script;
  while (rest !== "") {
    const blank = /^(?:[ \t\r]+|\\\n|#[^\n]*)/.exec(rest)?.[0];
    const joint = operator.exec(rest)?.[0];
    const redirection = redirections.find(([pattern]) => pattern.test(rest));
    if (blank !== undefined) rest = rest.slice(blank.length);
    else if (joint !== undefined) {
      rest = rest.slice(joint.length);
      endCommand();
      if (joint === "|") continue;
      if (step.pipeline.length > 0) steps.push(step);
      const after = joint === "&&" ? true : joint === "||" ? false : undefined;
      step = { after, pipeline: [] };
    } else if (redirection !== undefined) {
      rest = rest.replace(redirection[0], "");
      command = { ...command, ...redirection[1] };
    } else {
      const { word, length } = readWord(rest);
      command.words.push(word);
      rest = rest.slice(length);
    }
  }
  endCommand();
  if (step.pipeline.length > 0) steps.push(step);
  return steps;
}

function empty(): SimpleCommand {
  return { words: [], stdout: undefined, stderr: undefined };
}

function readWord(text: string): { word: Word; length: number } {
  const word: Word = [];
  let quote: '"' | "'" | undefined;
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const char = rest[0] ?? "";
    if (quote === undefined && /^[\s;|]|^&&/.test(rest)) break;
    if (char === quote) {
      quote = undefined;
      at++;
    } else if (quote === undefined && (char === '"' || char === "'")) {
      quote = char;
      word.push("");
      at++;
    } else if (quote !== "'" && char === "$") {
      const name = /^\$(?:([A-Za-z_]\w*|\?)|\{([A-Za-z_]\w*)\})/.exec(rest);
      if (name === null) throw new ScriptError(`this shell does not know: ${rest.slice(0, 20)}`);
      word.push({ name: name[1] ?? name[2] ?? "" });
      at += name[0].length;
    } else if (quote !== "'" && char === "\\") {
      word.push(rest[1] ?? "");
      at += 2;
    } else {
      if (quote === undefined && unknown.test(rest))
        throw new ScriptError(`this shell does not know: ${rest.slice(0, 20)}`);
      word.push(char);
      at++;
    }
  }
  if (quote !== undefined) throw new ScriptError(`the quote ${quote} is not closed`);
  return { word, length: at };
}
