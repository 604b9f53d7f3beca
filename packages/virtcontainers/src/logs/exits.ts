import { readRecords } from "./read.ts";

/** How the first commands of detached containers ended, as far as the log tells. */
export async function readExits(
  path: string,
): Promise<Map<string, { exitCode: number; time: Date }>> {
  const exits = new Map<string, { exitCode: number; time: Date }>();
  for await (const record of readRecords(path)) {
    if (record.stream !== "exit" || record.execId !== "") continue;
    exits.set(record.containerId, { exitCode: record.status, time: logTime(record.timeNs) });
  }
  return exits;
}

/** The guest writes the time, so it may be anything: what is no date counts as the epoch. */
export function logTime(timeNs: bigint): Date {
  const ms = Number(timeNs / 1_000_000n);
  return new Date(Number.isSafeInteger(ms) && ms < 8.64e15 ? ms : 0);
}
