/**
 * A time in nanoseconds since 1970 that the guest told, so it may be anything: what is no date counts as the
 * epoch.
 */
export function guestTime(timeNs: bigint): Date {
  const ms = Number(timeNs / 1_000_000n);
  return new Date(Number.isSafeInteger(ms) && ms < 8.64e15 ? ms : 0);
}
