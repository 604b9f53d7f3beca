import { LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { guestTime } from "../guest-time.ts";
import { openLog } from "./open.ts";
import { readRest } from "./read.ts";

/**
 * How the first commands of these containers ended, as far as the log tells. Ends of others, which a guest
 * may make up without end, are passed over. The signal ends the reading.
 */
export async function readExits(
  path: string,
  containerIds: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, { exitCode: number; time: Date }>> {
  const exits = new Map<string, { exitCode: number; time: Date }>();
  await using log = containerIds.length === 0 ? undefined : await openLog(path);
  if (log === undefined) return exits;
  const decoder = new LogRecordDecoder({ stream: "exit", containerIds });
  for await (const record of readRest(log, decoder, { offset: 0 }, { signal })) {
    if (record.stream !== "exit" || record.execId !== "") continue;
    exits.set(record.containerId, { exitCode: record.status, time: guestTime(record.timeNs) });
  }
  return exits;
}
