import { constants } from "node:os";
import { badValue } from "../errors/usage.ts";

/** The signals without names of their own, SIGRTMIN and on, as the C library counts them. */
const first = 34;
const most = 64;

/** A signal by name (`TERM`, `SIGTERM`, `sigterm`, `RTMIN+3`) or number from 1 to 64. */
export function parseSignal(option: string, text: string): NodeJS.Signals | number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= most) return number;
  }
  const upper = text.toUpperCase();
  const realTime = /^(?:SIG)?RTMIN(?:\+(\d{1,2}))?$/.exec(upper);
  if (realTime && Number(realTime[1] ?? 0) <= most - first) return first + Number(realTime[1] ?? 0);
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (isSignal(name)) return name;
  throw badValue(option, text, "it must be a signal such as TERM, SIGKILL or 9");
}

export function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
