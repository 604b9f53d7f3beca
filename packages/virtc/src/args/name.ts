import { randomBytes } from "node:crypto";
import { badValue } from "../errors/usage.ts";

/** A name for a new sandbox; the same rule as the library's, told in terms of the option. */
export function parseName(option: string, text: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$/.test(text)) return text;
  throw badValue(
    option,
    text,
    "it must have 2 to 64 characters of [a-zA-Z0-9_.-] and begin with a letter or digit",
  );
}

/** A name for what was given none. */
export function randomName(): string {
  return randomBytes(6).toString("hex");
}
