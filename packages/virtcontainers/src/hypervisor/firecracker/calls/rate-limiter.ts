import { invalidArgument } from "../../../errors.ts";

/** A bucket of tokens, filled anew over `refill_time` ms. */
interface TokenBucket {
  readonly size: number;
  readonly refill_time: number;
}

export interface RateLimiter {
  readonly bandwidth?: TokenBucket;
  readonly ops?: TokenBucket;
}

const refillMs = 1000;

/** What lets through so many bits in a second; undefined: there is no limit. */
export function bandwidthLimit(field: string, bits: number | undefined): RateLimiter | undefined {
  if (bits === undefined) return undefined;
  // A bucket of no size would be no limit at all.
  if (!Number.isSafeInteger(bits) || bits < 8)
    throw invalidArgument(field, bits, "it must be a whole number of bits in a second, 8 or more");
  return { bandwidth: { size: Math.floor(bits / 8), refill_time: refillMs } };
}
