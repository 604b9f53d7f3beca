import * as v from "valibot";
import { show, VirtError } from "./errors.ts";

const notBuilt = "NOT_SUPPORTED: ";

/** A field of the full interface that this release refuses by name instead of ignoring it. */
export function later(what: string) {
  return v.optional(v.custom<never>(() => false, `${notBuilt}${what}`));
}

/** Refuses, with NOT_SUPPORTED, the values of a known field that can't be honoured. */
export function honoured<T>(canBe: (value: T) => boolean, what: string) {
  return v.check<T, string>(canBe, `${notBuilt}${what}`);
}

/** Checks outside data; throws one INVALID_ARGUMENT or NOT_SUPPORTED that names the first wrong field. */
export function parse<const S extends v.GenericSchema>(
  schema: S,
  input: unknown,
  root = "",
): v.InferOutput<S> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  throw issueToError(result.issues[0], root);
}

function issueToError(issue: v.BaseIssue<unknown>, root: string): VirtError {
  const path = v.getDotPath(issue);
  const field = [root, path].filter((part) => part).join(".") || "the argument";
  if (issue.message.startsWith(notBuilt)) {
    return new VirtError(
      "NOT_SUPPORTED",
      `${field} is not supported by this release (${issue.message.slice(notBuilt.length)}); leave it out`,
      { field },
    );
  }
  if (issue.type === "strict_object" && issue.expected === "never") {
    return new VirtError("INVALID_ARGUMENT", `${field} is not a known field`, {
      field,
      hint: "Field names are checked; look for a spelling mistake or a missing unit, as in timeoutMs.",
    });
  }
  if (issue.input === undefined) {
    return new VirtError("INVALID_ARGUMENT", `${field} is required`, { field });
  }
  const allowed = issue.message.startsWith("Invalid ")
    ? `expected ${issue.expected}`
    : issue.message;
  return new VirtError(
    "INVALID_ARGUMENT",
    `${field}: ${show(issue.input)} is not allowed; ${allowed}`,
    {
      field,
    },
  );
}

/** An integer from `min` to `max`, with the range in the message. */
export function integer(min: number, max: number, unit = "") {
  const message = `it must be a whole number${unit ? ` of ${unit}` : ""} from ${min} to ${max}`;
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

/** An object of texts by their names; a list, which has the names 0, 1, 2..., is none. */
export function texts(name: v.GenericSchema<string>, value: v.GenericSchema<string>) {
  const rule = 'it must be an object of names and texts, such as { "NAME": "text" }';
  return v.pipe(
    v.custom<Record<string, string>>(
      (input) => typeof input === "object" && input !== null && !Array.isArray(input),
      rule,
    ),
    v.record(name, value, rule),
  );
}

const uint64Rule = "it must be a whole number from 0 to 2^53 - 1, or 2^64 - 1";
const mostUint64 = 2 ** 64 - 1;

/** A number of 64 bits without sign. Of those above 2^53 a JSON number can only hold the highest. */
export const uint64 = v.pipe(
  v.number(uint64Rule),
  v.integer(uint64Rule),
  v.minValue(0, uint64Rule),
  v.check((value) => Number.isSafeInteger(value) || value === mostUint64, uint64Rule),
);

/** The number that a checked uint64 stands for. */
export function toUint64(value: number): bigint {
  return value === mostUint64 ? 2n ** 64n - 1n : BigInt(value);
}

/** Text without control characters, of at most `max` characters. */
export function text(max = 4096) {
  return v.pipe(
    v.string("it must be a text"),
    v.maxLength(max, `it must have at most ${max} characters`),
    v.check((value) => !/[\u0000-\u001f\u007f]/.test(value), "it must have no control characters"),
  );
}

/** Text in which only NUL is refused: arguments and environment values. */
export function argument(max = 131_072) {
  return v.pipe(
    v.string("it must be a text"),
    v.maxLength(max, `it must have at most ${max} characters`),
    v.check((value) => !value.includes("\u0000"), "it must not contain NUL"),
  );
}

/** An absolute path without `..`. */
export function absolutePath() {
  return v.pipe(
    text(),
    v.check((value) => value.startsWith("/"), "it must be an absolute path"),
    v.check((value) => !value.split("/").includes(".."), "it must not contain .."),
  );
}

const idRule = "an id has 2 to 64 characters of [a-zA-Z0-9_.-] and begins with a letter or digit";

/** The id of a sandbox or container (the rule of Kata, with a limit of length). */
export const id = v.pipe(
  v.string(idRule),
  v.maxLength(64, idRule),
  v.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, idRule),
);

/** A choice that may be left out. */
export const flag = v.optional(v.boolean("it must be true or false"));
