import type { HealthCheck } from "virtcontainers";
import { parseDuration } from "../args/duration.ts";
import { optional } from "../args/optional.ts";
import { parseWhole } from "../args/whole.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import type { HealthOptions } from "./health-options.ts";

const shortestMs = 100;

/** How a container is looked at; undefined: as its image says. A time or number of 0 is none, as in docker. */
export function parseHealth(options: HealthOptions): HealthCheck | undefined {
  const asked: HealthCheck = {
    test: optional(options.healthCmd, (line) => (line === "" ? undefined : ["CMD-SHELL", line])),
    intervalMs: time("--health-interval", options.healthInterval),
    timeoutMs: time("--health-timeout", options.healthTimeout),
    retries: optional(options.healthRetries, parseRetries),
    startPeriodMs: time("--health-start-period", options.healthStartPeriod, 0),
    startIntervalMs: time("--health-start-interval", options.healthStartInterval),
  };
  const says = Object.values(asked).some((value) => value !== undefined);
  if (options.healthcheck !== false) return says ? asked : undefined;
  if (says) throw new UsageError("--no-healthcheck can't be used with --health-* options");
  return { test: ["NONE"] };
}

function time(option: string, text: string | undefined, least = shortestMs): number | undefined {
  if (text === undefined || /^0+(ms|s|m|h)?$/.test(text)) return undefined;
  const ms = parseDuration(option, text);
  if (ms >= least) return ms;
  throw badValue(option, text, `it must be at least ${shortestMs}ms, or 0s for the default`);
}

function parseRetries(text: string): number | undefined {
  return text === "0" ? undefined : parseWhole("--health-retries", text, 1, 10_000);
}
