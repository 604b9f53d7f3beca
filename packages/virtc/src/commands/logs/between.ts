/** What is of the time between two moments; what comes in its order ends with the first that is later. */
export async function* between<T extends { time: Date }>(
  entries: AsyncIterable<T>,
  since: Date | undefined,
  until: Date | undefined,
): AsyncGenerator<T> {
  for await (const entry of entries) {
    if (until !== undefined && entry.time > until) return;
    if (since === undefined || entry.time >= since) yield entry;
  }
}
