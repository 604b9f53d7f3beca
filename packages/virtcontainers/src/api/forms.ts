import type { CallOptions } from "../deadline.ts";

/** How many arguments stand before the options of a call, which are the last. */
export type BeforeOptions<Method> = Method extends (...args: infer Args) => unknown
  ? Required<Args> extends [...infer Before, CallOptions]
    ? Before["length"]
    : never
  : never;

/** Adds a method to a class, as if it were declared in it. */
export function addMethod(
  prototype: object,
  name: string,
  value: (...args: never[]) => unknown,
): void {
  Object.defineProperty(value, "name", { value: name });
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

export function entriesOf<Names extends string, Value>(
  table: Readonly<Record<Names, Value>>,
): [Names, Value][] {
  return Object.entries(table) as [Names, Value][];
}

/** The options of a call among its arguments, whatever a program without types has handed in. */
export function callOptions(value: unknown): CallOptions {
  return typeof value === "object" && value !== null ? value : {};
}
