import { TtrpcError } from "./error.ts";

export interface CallOptions {
  /**
   * Milliseconds until the call fails with `deadline_exceeded`, up to 2147483647;
   * the server is told too. Zero or less: it fails at once. Default: no deadline.
   */
  timeoutMs?: number;
  /** Gives the call up with `cancelled`; the signal's reason becomes the error's cause. */
  signal?: AbortSignal;
  metadata?: Record<string, string>;
}

/** The longest delay that setTimeout takes. */
const MAX_TIMEOUT_MS = 0x7fffffff;

/** @throws TtrpcError if the options let the call end before it begins. */
export function assertCallable(options: CallOptions): void {
  const { timeoutMs, signal } = options;
  if (signal?.aborted) throw cancelled(signal);
  if (timeoutMs === undefined) return;
  if (Number.isNaN(timeoutMs) || timeoutMs > MAX_TIMEOUT_MS) {
    throw new TtrpcError(
      "invalid_argument",
      `timeoutMs is ${timeoutMs}; allowed are numbers up to ${MAX_TIMEOUT_MS}`,
    );
  }
  if (timeoutMs <= 0)
    throw new TtrpcError("deadline_exceeded", "the deadline had passed before the call");
}

export function cancelled(signal: AbortSignal): TtrpcError {
  return new TtrpcError("cancelled", "the call was aborted", { cause: signal.reason });
}

/** 0 for a call without deadline, as the wire has it. */
export function timeoutNano(timeoutMs: number | undefined): bigint {
  return timeoutMs === undefined ? 0n : BigInt(Math.max(1, Math.round(timeoutMs * 1e6)));
}
