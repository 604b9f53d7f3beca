import type { Random } from "./random.ts";

const strange = (random: Random): unknown =>
  random.pick<() => unknown>([
    () => null,
    () => true,
    () => random.pick([0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308]),
    () => "",
    () => random.pick(["..", "/", "a\0b", "\u202e", "x".repeat(5000), "sha256:", "-1", "\ud800"]),
    () => [],
    () => ({}),
    () => ({ ["__proto__"]: { polluted: true } }),
    () => nested(random.below(800)),
    () => Array(random.below(2000)).fill(random.pick([0, "", null])),
  ])();

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let left = depth; left > 0; left--) value = left % 2 === 0 ? [value] : { a: value };
  return value;
}

/** A copy of a document with one to some values replaced, removed, doubled or added. */
export function mutateJson(random: Random, document: unknown): unknown {
  const root: { value: unknown } = { value: structuredClone(document) };
  for (let left = 1 + random.below(3); left > 0; left--) change(random, root, "value");
  return root.value;
}

function change(random: Random, holder: Record<string, unknown> | unknown[], key: string): void {
  const value: unknown = Reflect.get(holder, key);
  const isList = Array.isArray(value);
  if (typeof value === "object" && value !== null && !random.oneIn(6)) {
    const keys = Object.keys(value);
    if (keys.length > 0 && !random.oneIn(6)) {
      change(random, value as Record<string, unknown> | unknown[], random.pick(keys));
      return;
    }
    if (isList)
      value.push(value.length > 0 && random.oneIn(2) ? random.pick(value) : strange(random));
    else Reflect.set(value, random.pick(["a", "constructor", "é", ...keys]), strange(random));
    return;
  }
  if (random.oneIn(4)) Reflect.deleteProperty(holder, key);
  else Reflect.set(holder, key, strange(random));
}
