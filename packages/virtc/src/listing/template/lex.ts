import { UsageError } from "../../errors/usage.ts";

/** A part of a template: text as it is, or what stands between `{{` and `}}`, cut into words. */
export type Piece = { kind: "text"; text: string } | { kind: "action"; tokens: Token[] };

export interface Token {
  kind: "field" | "variable" | "word" | "text" | "number" | "symbol";
  text: string;
  /** A space stands before it: `.A .B` are two operands, `(…).B` is one. */
  spaced: boolean;
}

const action = /\{\{(- )?((?:"(?:\\.|[^"\\])*"|`[^`]*`|[^"`])*?)( -)?\}\}/gs;
const word =
  /(?<space>\s*)(?:(?<quoted>"(?:\\.|[^"\\])*")|(?<raw>`[^`]*`)|(?<variable>\$\w*)|(?<field>\.\w+|\.)|(?<number>-?\d+(?:\.\d+)?)|(?<word>[A-Za-z_]\w*)|(?<symbol>:=|[=|(),]))/y;

/** Cuts a template into text and actions. */
export function lex(template: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  let trims = false;
  const addText = (text: string): void => {
    const kept = trims ? text.trimStart() : text;
    if (kept !== "") pieces.push({ kind: "text", text: kept });
  };
  for (const match of template.matchAll(action)) {
    const [whole, trimsBefore, inside = "", trimsAfter] = match;
    const text = template.slice(from, match.index);
    refuseOpen(text);
    addText(trimsBefore ? text.trimEnd() : text);
    from = match.index + whole.length;
    trims = trimsAfter !== undefined;
    if (/^\s*\/\*.*\*\/\s*$/s.test(inside)) continue;
    pieces.push({ kind: "action", tokens: tokens(inside) });
  }
  refuseOpen(template.slice(from));
  addText(template.slice(from));
  return pieces;
}

function refuseOpen(text: string): void {
  if (text.includes("{{")) throw new UsageError("--format: {{ without its }}");
}

function tokens(inside: string): Token[] {
  const found: Token[] = [];
  word.lastIndex = 0;
  while (inside.slice(word.lastIndex).trim() !== "") {
    const at = word.lastIndex;
    const groups = word.exec(inside)?.groups;
    if (groups === undefined) {
      throw new UsageError(
        `--format: ${JSON.stringify(inside.slice(at).trim())} is not understood`,
      );
    }
    found.push(tokenOf(groups));
  }
  return found;
}

function tokenOf(groups: Readonly<Record<string, string | undefined>>): Token {
  const spaced = groups.space !== "";
  if (groups.quoted !== undefined) return { kind: "text", text: unquoted(groups.quoted), spaced };
  if (groups.raw !== undefined) return { kind: "text", text: groups.raw.slice(1, -1), spaced };
  for (const kind of ["variable", "field", "number", "word", "symbol"] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text, spaced };
  }
  throw new UsageError("--format: it is not understood");
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** A string of Go's in double quotes, with the escapes that its documents use. */
function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
}
