import { printable } from "../../errors.ts";

const maxNames = 64;
const maxName = 256;

/** A number of the guest; what is larger than a number can be exactly is cut to that. */
export function count(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** A short text of the guest, cut and made safe to print. */
export function shortText(text: string): string {
  return printable(text.slice(0, maxName));
}

/** The first names of a list; a guest that sends more has lost nothing that is known here. */
export function shortTexts(list: readonly string[]): string[] {
  return list.slice(0, maxNames).map(shortText);
}
