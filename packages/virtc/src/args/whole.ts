import { badValue } from "../errors/usage.ts";

/** A whole number within limits; `also` says what else the option takes. */
export function parseWhole(
  option: string,
  text: string,
  min: number,
  max: number,
  also = "",
): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= min && number <= max) return number;
  throw badValue(option, text, `it must be a whole number from ${min} to ${max}${also}`);
}
