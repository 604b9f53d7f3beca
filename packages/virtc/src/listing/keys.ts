import { truthOf } from "../args/truth.ts";
import type { FilterKey } from "./filter.ts";

/** The key for labels: `NAME`, or `NAME=VALUE`; all that are given have to fit. */
export function labelKey<T>(labels: (one: T) => Readonly<Record<string, string>>): FilterKey<T> {
  return {
    value: "NAME or NAME=VALUE",
    every: true,
    fits(text) {
      const at = text.indexOf("=");
      const name = at < 0 ? text : text.slice(0, at);
      return (one) => {
        const value = new Map(Object.entries(labels(one))).get(name);
        return value !== undefined && (at < 0 || value === text.slice(at + 1));
      };
    },
  };
}

/** A key whose value is a part of a text, or a regular expression for it, as docker's `name`. */
export function partKey<T>(value: string, text: (one: T) => readonly string[]): FilterKey<T> {
  return {
    value,
    fits(part) {
      const matches = expression(part);
      return (one) => text(one).some((whole) => whole.includes(part) || matches?.test(whole));
    },
  };
}

function expression(text: string): RegExp | undefined {
  try {
    return new RegExp(text);
  } catch {
    return undefined;
  }
}

/** A key whose value is one of a text's beginnings. */
export function beginningKey<T>(value: string, text: (one: T) => readonly string[]): FilterKey<T> {
  return { value, fits: (part) => (one) => text(one).some((whole) => whole.startsWith(part)) };
}

/** A key whose value is one of several words. */
export function wordKey<T>(
  words: readonly string[],
  word: (one: T) => readonly string[],
): FilterKey<T> {
  return {
    value: words.join(" or "),
    words,
    fits: (value) => (words.includes(value) ? (one) => word(one).includes(value) : undefined),
  };
}

/** A key whose value is true or false. */
export function truthKey<T>(truth: (one: T) => boolean): FilterKey<T> {
  return {
    value: "true or false",
    words: ["true", "false"],
    fits(value) {
      const wanted = truthOf(value);
      return wanted === undefined ? undefined : (one) => truth(one) === wanted;
    },
  };
}
