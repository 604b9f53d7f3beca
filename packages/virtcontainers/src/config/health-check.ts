import * as v from "valibot";
import { argument, integer } from "../validate.ts";

/** The shortest time between two runs, and that one may take. */
export const shortestMs = 100;
/** The longest time of all these. */
export const longestMs = 2 ** 31 - 1;

/**
 * A command that is run in a container, by the guest itself, time after time while the container runs: it ends with 0
 * where the container works. What is not said is the image's, or docker's default.
 */
export interface HealthCheck {
  /**
   * As docker has it: `["CMD", program, argument…]`, `["CMD-SHELL", line]`, which `/bin/sh` runs, or `["NONE"]`: there is
   * none, whatever the image says. Default: the image's.
   */
  test?: string[] | undefined;
  /** Between two runs, from 100; default 30,000. */
  intervalMs?: number | undefined;
  /** A run that takes longer is killed, and has failed; from 100, default 30,000. */
  timeoutMs?: number | undefined;
  /** So many failures in a row make it unhealthy; from 1, default 3. */
  retries?: number | undefined;
  /** Failures do not count so long after the start, unless a run went well; default 0. */
  startPeriodMs?: number | undefined;
  /** Between two runs in the start period, from 100; default 5,000. */
  startIntervalMs?: number | undefined;
}

export const HealthCheckSchema = v.strictObject({
  test: v.optional(
    v.pipe(
      v.array(argument(), "it must be a list of texts"),
      v.minLength(1, "it must not be empty"),
      v.maxLength(4096),
      v.check(
        ([kind, ...rest]) =>
          (kind === "NONE" && rest.length === 0) ||
          (kind === "CMD" && rest.length > 0) ||
          (kind === "CMD-SHELL" && rest.length === 1),
        'it must be ["CMD", program, argument…], ["CMD-SHELL", line] or ["NONE"]',
      ),
    ),
  ),
  intervalMs: v.optional(integer(shortestMs, longestMs, "milliseconds")),
  timeoutMs: v.optional(integer(shortestMs, longestMs, "milliseconds")),
  retries: v.optional(integer(1, 10_000)),
  startPeriodMs: v.optional(integer(0, longestMs, "milliseconds")),
  startIntervalMs: v.optional(integer(shortestMs, longestMs, "milliseconds")),
});
