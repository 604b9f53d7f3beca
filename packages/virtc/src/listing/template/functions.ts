import { UsageError } from "../../errors/usage.ts";
import { json } from "./json.ts";
import { printf } from "./printf.ts";
import { described, entriesOf, isTrue, printed } from "./values.ts";

/** A function of templates; what stands before a `|` comes as its last argument. */
export type TemplateFunction = (...args: unknown[]) => unknown;

const comparisons = {
  eq: (a: unknown, b: unknown) => a === b,
  ne: (a: unknown, b: unknown) => a !== b,
  lt: (a: unknown, b: unknown) => order(a, b) < 0,
  le: (a: unknown, b: unknown) => order(a, b) <= 0,
  gt: (a: unknown, b: unknown) => order(a, b) > 0,
  ge: (a: unknown, b: unknown) => order(a, b) >= 0,
};

/** Go's own and those that docker adds. */
export const functions: Readonly<Record<string, TemplateFunction>> = {
  json: one("json", json),
  join: two("join", (list, separator) =>
    listOf("join", list).map(printed).join(printed(separator)),
  ),
  split: two("split", (text, separator) => printed(text).split(printed(separator))),
  lower: one("lower", (text) => printed(text).toLowerCase()),
  upper: one("upper", (text) => printed(text).toUpperCase()),
  title: one("title", (text) =>
    printed(text).replace(/(^|[^\p{L}\p{N}'_])(\p{L})/gu, (_, before: string, first: string) => {
      return `${before}${first.toUpperCase()}`;
    }),
  ),
  truncate: two("truncate", (text, length) => {
    return [...printed(text)].slice(0, whole("truncate", length)).join("");
  }),
  pad: (text, before, after) => {
    const [left, right] = [whole("pad", before), whole("pad", after)];
    return text === "" ? "" : `${" ".repeat(left)}${printed(text)}${" ".repeat(right)}`;
  },
  index: (value, ...keys) => keys.reduce(element, value),
  len: one("len", (value) => {
    if (typeof value === "string") return Buffer.byteLength(value);
    const entries = typeof value === "number" ? undefined : entriesOf(value);
    if (entries === undefined) throw wrong("len", value, "a list, a map or a text");
    return entries.length;
  }),
  slice: (value, from = 0, to = undefined) => {
    const [begin, end] = [whole("slice", from), to === undefined ? to : whole("slice", to)];
    if (typeof value === "string") return value.slice(begin, end);
    return listOf("slice", value).slice(begin, end);
  },
  print: (...args) => args.map(printed).join(args.some(isText) ? "" : " "),
  println: (...args) => `${args.map(printed).join(" ")}\n`,
  printf: (format, ...args) => printf(printed(format), args),
  not: one("not", (value) => !isTrue(value)),
  and: (...args) => args.find((value) => !isTrue(value)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  ne: two("ne", comparisons.ne),
  lt: two("lt", comparisons.lt),
  le: two("le", comparisons.le),
  gt: two("gt", comparisons.gt),
  ge: two("ge", comparisons.ge),
  eq: (first, ...others) => {
    if (others.length === 0) throw new UsageError("--format: eq needs two values");
    return others.some((other) => comparisons.eq(first, other));
  },
};

function one(name: string, act: (value: unknown) => unknown): TemplateFunction {
  return (...args) => {
    if (args.length !== 1) throw new UsageError(`--format: ${name} takes one value`);
    return act(args[0]);
  };
}

function two(name: string, act: (first: unknown, second: unknown) => unknown): TemplateFunction {
  return (...args) => {
    if (args.length !== 2) throw new UsageError(`--format: ${name} takes two values`);
    return act(args[0], args[1]);
  };
}

/** What is in a list or a map; a key that a map lacks gives nothing. */
function element(value: unknown, key: unknown): unknown {
  if (Array.isArray(value) || typeof value === "string") {
    const at = whole("index", key);
    if (at < value.length) return value[at];
    throw new UsageError(`--format: index ${at} of ${described(value)} is not there`);
  }
  if (value instanceof Map) return value.get(key);
  if (typeof value !== "object" || value === null) throw wrong("index", value, "a list or a map");
  const name = printed(key);
  return Object.entries(value).find(([field]) => field === name)?.[1];
}

function listOf(name: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw wrong(name, value, "a list");
}

function whole(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 10_000)
    return value;
  throw wrong(name, value, "a whole number from 0");
}

function order(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : Number(a > b);
  throw new UsageError(`--format: ${described(a)} and ${described(b)} can't be compared`);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function wrong(name: string, value: unknown, allowed: string): UsageError {
  return new UsageError(`--format: ${name} takes ${allowed}, and ${described(value)} is none`);
}
