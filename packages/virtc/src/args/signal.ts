import { constants } from "node:os";
import { badValue } from "../errors/usage.ts";

/** A signal by name (`TERM`, `SIGTERM`, `sigterm`) or number from 1 to 64. */
export function parseSignal(option: string, text: string): NodeJS.Signals | number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= 64) return number;
  }
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (isSignal(name)) return name;
  throw badValue(option, text, "it must be a signal such as TERM, SIGKILL or 9");
}

export function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name);
}
