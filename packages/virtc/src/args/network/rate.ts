import { badValue } from "../../errors/usage.ts";

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
const least = 8000;

/** Bits per second of a rate such as `10m`, `1.5gbit` or `800000`: decimal units, as tc(8) reads them. */
export function parseRate(option: string, text: string): number {
  const [, count, unit = "none"] = /^(\d+(?:\.\d+)?)([kmg]?)(?:bit)?$/i.exec(text) ?? [];
  const bits = Math.round(Number(count) * (factors[unit.toLowerCase()] ?? Number.NaN));
  if (bits >= least && Number.isSafeInteger(bits)) return bits;
  throw badValue(
    option,
    text,
    `it must be a rate in bits per second from ${least}, such as 10m or 1g (units k, m, g)`,
  );
}
