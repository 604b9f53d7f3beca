import { constants } from "node:os";
import { invalidArgument } from "./errors.ts";

/** A signal by name or number. */
export type Signal = NodeJS.Signals | number;

const byName = new Map<string, number>(Object.entries(constants.signals));

/** The number of a signal, 1 to 64. INVALID_ARGUMENT. */
export function signalNumber(signal: Signal): number {
  const number = typeof signal === "number" ? signal : byName.get(signal);
  if (number !== undefined && Number.isInteger(number) && number >= 1 && number <= 64)
    return number;
  throw invalidArgument(
    "signal",
    signal,
    "it must be a signal's name such as SIGTERM, or a number from 1 to 64",
  );
}
