import { badValue } from "../errors/usage.ts";

const truths: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

export function truthOf(text: string): boolean | undefined {
  return Object.hasOwn(truths, text) ? truths[text] : undefined;
}

/** `true` or `false`, as docker's options take them. */
export function parseTruth(option: string, text: string): boolean {
  const truth = truthOf(text);
  if (truth !== undefined) return truth;
  throw badValue(option, text, "it must be true or false");
}
