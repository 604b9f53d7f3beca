import { LogRecordDecoder, machineId } from "@virtcontainers/agent-protocol/ports";
import { openLog } from "./open.ts";
import { readRest } from "./read.ts";

/** Why the machine of this log has ended by itself, if it has: its time was over, or nobody used it. */
export async function readOver(
  path: string,
  signal?: AbortSignal,
): Promise<"timeout" | "idle" | undefined> {
  await using log = await openLog(path);
  if (log === undefined) return undefined;
  const decoder = new LogRecordDecoder({ stream: "over", containerIds: [machineId] });
  for await (const record of readRest(log, decoder, { offset: 0 }, { signal }))
    if (record.stream === "over") return record.reason;
  return undefined;
}
