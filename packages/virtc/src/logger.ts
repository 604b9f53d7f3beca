import pino from "pino";
import type { Logger } from "virtcontainers";
import { badValue } from "./errors/usage.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;

/** A log on stderr, one JSON object a line. */
export function createLogger(level: string): Logger {
  if (!logLevels.some((known) => known === level)) {
    throw badValue("--log-level", level, `it must be ${logLevels.join(", ")}`);
  }
  return pino({ level, base: null }, pino.destination({ fd: 2, sync: true }));
}
