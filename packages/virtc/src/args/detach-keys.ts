import { badValue } from "../errors/usage.ts";

/** The keys that end an attachment unless others are given: Ctrl-P Ctrl-Q. */
export const defaultDetachKeys: readonly number[] = [0x10, 0x11];

/** Keys as docker writes them: letters, or `ctrl-` with a letter or one of `@[\]^_`, with commas between; "" for none. */
export function parseDetachKeys(option: string, text: string): readonly number[] {
  if (text === "") return [];
  return text.split(",").map((key) => {
    const control = /^ctrl-([a-z@[\\\]^_])$/i.exec(key)?.[1];
    if (control !== undefined) return control.toUpperCase().charCodeAt(0) & 0x1f;
    if (/^[\x20-\x7e]$/.test(key)) return key.charCodeAt(0);
    throw badValue(
      option,
      text,
      "it must be keys such as ctrl-p,ctrl-q or ctrl-x,d, or empty for none",
    );
  });
}

/** Those of an option, or those that there are without it. */
export function keysOf({ detachKeys }: { detachKeys?: string }): readonly number[] {
  return detachKeys === undefined
    ? defaultDetachKeys
    : parseDetachKeys("--detach-keys", detachKeys);
}
