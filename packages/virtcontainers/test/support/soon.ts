/** For what must come, but may take its time on a busy machine. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(50_000);
}
