import * as v from "valibot";
import { absolutePath, text } from "../validate.ts";

/** A list of absolute paths in which * and ? stand for any characters but a slash, [ab] for one of these. */
export const paths = v.optional(v.array(absolutePath()));

/** A regular expression that stands for whole names. */
export const namePattern = v.pipe(
  text(256),
  v.check((source) => wholeName(source) !== undefined, "it must be a regular expression"),
);

export function matchesName(patterns: readonly string[], name: string): boolean {
  return patterns.some((source) => wholeName(source)?.test(name) ?? false);
}

export function matchesPath(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => glob(pattern).test(path));
}

function wholeName(source: string): RegExp | undefined {
  try {
    // By itself first, since a pattern that closes a group would open the whole.
    new RegExp(source);
    return new RegExp(`^(?:${source})$`);
  } catch {
    return undefined;
  }
}

/** Of what is between brackets, only characters and ranges count; brackets that are not closed stand for themselves. */
function glob(pattern: string): RegExp {
  const source = pattern.replace(
    /\[([!^]?)([^\][/]+)\]|[*?]|[\\^$.|+(){}[\]]/g,
    (found, not: string | undefined, set: string | undefined) => {
      if (found === "*") return "[^/]*";
      if (found === "?") return "[^/]";
      if (set === undefined) return `\\${found}`;
      const listed = set.replace(/[\\^]/g, "\\$&");
      return not ? `[^/${listed}]` : `[${listed}]`;
    },
  );
  return new RegExp(`^${source}$`);
}
