import { steering } from "./safe.ts";

/** JSON for people and programs: indented, with a line end. */
export function json(value: unknown): string {
  return `${escaped(JSON.stringify(value, null, 2))}\n`;
}

/** JSON on one line, without a line end. */
export function jsonLine(value: unknown): string {
  return escaped(JSON.stringify(value));
}

/** JSON.stringify escapes but a part of what could steer a terminal; the value stays the same. */
function escaped(text: string): string {
  return text.replace(
    steering,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
