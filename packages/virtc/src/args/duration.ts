import { badValue } from "../errors/usage.ts";

const factors = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const longest = 2 ** 31 - 1;

/** Milliseconds of a duration such as `1m30s`, `500ms`, or plain seconds. */
export function parseDuration(option: string, text: string): number {
  const plain = /^\d+(\.\d+)?$/.test(text) ? `${text}s` : text;
  let total = plain === "" ? Number.NaN : 0;
  const rest = plain.replace(
    /(\d+(?:\.\d+)?)(ms|s|m|h)/g,
    (_, count: string, unit: keyof typeof factors) => {
      total += Number(count) * factors[unit];
      return "";
    },
  );
  const ms = Math.round(total);
  if (rest !== "" || !(ms >= 1 && ms <= longest)) {
    throw badValue(
      option,
      text,
      "it must be a duration such as 30s, 1m30s or 500ms, of at most 24 days",
    );
  }
  return ms;
}

/** Whole seconds from 0, as `stop --time` takes them; the result is in milliseconds. */
export function parseSeconds(option: string, text: string): number {
  const seconds = Number(text);
  if (!/^\d+$/.test(text) || seconds * 1000 > longest) {
    throw badValue(option, text, "it must be a whole number of seconds from 0");
  }
  return seconds * 1000;
}
