import { invalidArgument } from "../../errors.ts";
import { type Place, ScriptReader } from "./place.ts";
import { quote } from "./quote.ts";

/** What can be put into a script: a value is one word, whatever is in it; a list is as many words as it has. */
export type ShellValue = string | number | bigint | boolean;
/** One value or several. */
export type ShellWords = ShellValue | readonly ShellValue[];

/**
 * The script of a template. Values never become part of it: each is in a variable that is set before all else, and the
 * script has the variable in its place, quoted as that place asks for. INVALID_ARGUMENT.
 */
export function shellScript(strings: readonly string[], values: readonly ShellWords[]): string {
  const reader = new ScriptReader();
  const sets: string[] = [];
  const variable = (value: string): string => {
    const name = `__virtc_${sets.length + 1}`;
    sets.push(`${name}=${quote(value)}`);
    return name;
  };
  let script = "";
  for (const [index, string] of strings.entries()) {
    const part = unescaped(string);
    reader.read(part);
    script += part;
    if (index >= values.length) continue;
    const [value, field] = [values[index], `values.${index}`];
    const place = reader.place();
    const words: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (Array.isArray(value) && place !== "word" && place !== "comment")
      throw invalidArgument(field, value, "a list is several words: put it where no quotes are");
    const used = words.map((word) => {
      const said = text(word, field);
      if (place === "arithmetic" && !/^[-+]?\d+$/.test(said))
        throw invalidArgument(
          field,
          said,
          "it must be a whole number, since it is calculated with",
        );
      return inPlace(variable(said), place, field);
    });
    script += used.join(" ");
    reader.value();
  }
  return sets.length === 0 ? script : `${sets.join(" ")}; ${script}`;
}

/** As it stands between the backticks, but for what JavaScript itself asks to be escaped. */
function unescaped(raw: string): string {
  return raw.replace(/\\(`|\$(?=\{))/g, "$1");
}

function inPlace(name: string, place: Place, field: string): string {
  switch (place) {
    case "word":
      return `"\${${name}}"`;
    case "double":
    case "arithmetic":
    case "document":
      return `\${${name}}`;
    case "single":
      return `'"\${${name}}"'`;
    case "comment":
      return "";
    case "literal-document":
      throw invalidArgument(
        field,
        name,
        "a here-document with a quoted end takes no values: leave out its quotes, or use stdin",
      );
  }
}

function text(value: unknown, field: string): string {
  const isText = typeof value === "string" || typeof value === "bigint";
  if (!isText && typeof value !== "boolean" && !Number.isFinite(value)) {
    const rule = "it must be a text, a number, true or false, or a list of these";
    throw invalidArgument(field, value, rule);
  }
  const said = String(value);
  if (said.includes("\0")) throw invalidArgument(field, value, "it must have no NUL in it");
  return said;
}
