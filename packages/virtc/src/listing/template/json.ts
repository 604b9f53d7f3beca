import { jsonLine } from "../../output/json.ts";

/** A value in JSON on one line; a map is an object there. */
export function json(value: unknown): string {
  return jsonLine(plain(value)) ?? "null";
}

/** The same value without maps, for JSON. */
export function plain(value: unknown): unknown {
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, one]) => [String(key), plain(one)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "function" || value === undefined) return undefined;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
