import { setTimeout as sleep } from "node:timers/promises";
import type { ResolvedRegistries } from "./config.ts";
import { explanationOf } from "./explanation.ts";
import { Interrupted, registryFailure } from "./failure.ts";
import type { Answer } from "./send.ts";

const maxTries = 5;
const maxRetryAfterMs = 60_000;
const maxPauseMs = 10_000;

/** Throws Interrupted for an answer that asks to come again later (429 and 5xx). */
export async function refuseBusy(answer: Answer): Promise<void> {
  if (answer.status !== 429 && answer.status < 500) return;
  const said = await explanationOf(answer);
  const why =
    answer.status === 429
      ? `it limits how often one may ask (429${said})`
      : `it answered ${answer.status}${said}`;
  const hint = "Try again later, or sign in (`virtc login`) for a higher limit.";
  throw new Interrupted(registryFailure(answer.url.host, why, hint), retryAfterMs(answer.headers));
}

function retryAfterMs(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), maxRetryAfterMs);
}

/** Tries again what ended with Interrupted, up to five times in all. */
export async function withRetries<T>(
  registries: ResolvedRegistries,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Interrupted)) throw error;
      await pauseAfter(registries, error, tries, signal);
    }
  }
}

/** Waits before the next try, longer each time and by chance; throws after the last. */
export async function pauseAfter(
  registries: ResolvedRegistries,
  interruption: Interrupted,
  tries: number,
  signal: AbortSignal,
): Promise<void> {
  if (tries >= maxTries) throw interruption.failure;
  const pause = Math.min(registries.retryDelayMs * 2 ** (tries - 1), maxPauseMs);
  const pauseMs = Math.max(interruption.retryAfterMs, pause * (0.5 + Math.random()));
  await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
