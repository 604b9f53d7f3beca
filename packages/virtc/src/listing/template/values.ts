import { json } from "./json.ts";

/** As Go's templates decide: nothing, zero and what is empty are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return Boolean(value);
}

/** As Go prints a value. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) return "<no value>";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value === "object") {
    const entries = entriesOf(value) ?? [];
    return `map[${entries.map(([key, one]) => `${printed(key)}:${printed(one)}`).join(" ")}]`;
  }
  return typeof value === "function" ? "<function>" : String(value);
}

/** What `range` goes over: indices of a list, keys of a map in their order, numbers below a number. */
export function entriesOf(value: unknown): [unknown, unknown][] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((one, index) => [index, one]);
  if (typeof value === "number") {
    return Array.from({ length: Math.max(0, Math.min(value, 10_000)) }, (_, index) => [
      index,
      index,
    ]);
  }
  if (typeof value !== "object") return undefined;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

/** The words of a value in an error, short. */
export function described(value: unknown): string {
  const text = value === undefined ? "nothing" : json(value);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}
