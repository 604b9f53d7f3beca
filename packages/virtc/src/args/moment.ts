import { badValue } from "../errors/usage.ts";
import { parseDuration } from "./duration.ts";

const duration = /^(\d+(\.\d+)?(ms|s|m|h))+$/;
const isoDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** A moment: `now`, a time ago such as `10m`, seconds since 1970, or a date such as `2026-03-01T12:00:00Z`. */
export function parseMoment(option: string, text: string, now = Date.now()): Date {
  if (text === "now") return new Date(now);
  if (duration.test(text)) return new Date(now - parseDuration(option, text));
  if (/^\d{1,11}(\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  const date = isoDate.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(date.getTime())) return date;
  throw badValue(
    option,
    text,
    "it must be now, a time ago such as 10m, seconds since 1970, or a date such as 2026-03-01T12:00:00Z",
  );
}
