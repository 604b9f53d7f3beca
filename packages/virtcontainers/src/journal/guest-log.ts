import {
  type LogHealth,
  type LogRecord,
  LogRecordDecoder,
  machineId,
} from "@virtcontainers/agent-protocol/ports";
import { guestTime } from "../guest-time.ts";
import { openLog } from "../logs/open.ts";
import { readRest } from "../logs/read.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import type { JournalRecord } from "./event.ts";
import type { Progress } from "./progress.ts";

/** A container's lack of memory is told at most this often: the guest could write it without end. */
const oomPauseMs = 1_000;
/** Nor more often its health, by the guest's times, which may be read all at once: it looks no more often. */
const healthPauseMs = 50;

/**
 * What the guest's log tells that was not told yet: ends of first processes and lack of memory. Reads at
 * most `maxBytes`, and moves `progress` on; `more` says that there is more to read.
 */
export async function readGuestEvents(
  path: string,
  sandbox: StoredSandbox,
  progress: Progress,
  maxBytes: number,
): Promise<{ found: JournalRecord[]; more: boolean }> {
  const found: JournalRecord[] = [];
  await using log = await openLog(path);
  if (log === undefined) return { found, more: false };
  if ((await log.size()) < progress.offset) progress.offset = 0;
  const position = { offset: progress.offset };
  const end = position.offset + maxBytes;
  const decoder = new LogRecordDecoder({
    containerIds: [machineId, ...sandbox.containers.map(({ id }) => id)],
  });
  for await (const record of readRest(log, decoder, position, { end })) {
    const event = eventOfRecord(record, sandbox, progress);
    if (event !== undefined) found.push(event);
  }
  progress.offset += decoder.consumed;
  return { found, more: position.offset >= end };
}

/** The end of a container's run, unless it was told already; also how a host that ended it tells so. */
export function exitEvent(
  sandbox: StoredSandbox,
  container: StoredContainer,
  progress: Progress,
  exit: { exitCode: number; time: Date },
): JournalRecord | undefined {
  const { id, startTime } = container;
  if (startTime === "" || progress.exited[id] === startTime) return undefined;
  progress.exited[id] = startTime;
  return {
    type: "exited",
    time: plausible(exit.time, startTime),
    sandboxId: sandbox.id,
    containerId: id,
    processId: id,
    exitCode: exit.exitCode,
    key: `exited ${id} ${startTime}`,
  };
}

/** A guest may write anything: only what can be of a container that runs counts. */
function eventOfRecord(
  record: LogRecord,
  sandbox: StoredSandbox,
  progress: Progress,
): JournalRecord | undefined {
  if (record.stream === "over") {
    progress.over = record.reason;
    return undefined;
  }
  if (record.stream === "stdout" || record.stream === "stderr" || record.execId !== "") return;
  const container = sandbox.containers.find(({ id }) => id === record.containerId);
  if (container === undefined || container.startTime === "") return;
  const time = guestTime(record.timeNs);
  if (record.stream === "exit")
    return exitEvent(sandbox, container, progress, { exitCode: record.status, time });
  if (record.stream === "health") return healthEvent(sandbox, container, progress, record);
  const now = Date.now();
  const sinceMs = now - (progress.oomAt[container.id] ?? 0);
  // Before the last one is it only by a clock that was set back.
  if (sinceMs >= 0 && sinceMs < oomPauseMs) return;
  progress.oomAt[container.id] = now;
  return {
    type: "oom",
    time: plausible(time, container.startTime),
    sandboxId: sandbox.id,
    containerId: container.id,
    key: `oom ${container.id} ${progress.marker} ${record.timeNs}`,
  };
}

/** Once for each change. */
function healthEvent(
  sandbox: StoredSandbox,
  container: StoredContainer,
  progress: Progress,
  { health, timeNs }: LogHealth,
): JournalRecord | undefined {
  const { id, startTime } = container;
  const last = progress.health[id];
  if (container.healthCheck === undefined || last?.status === health) return undefined;
  // What is to come can't have been: so there are only so many for each second that has passed.
  const at = Math.min(guestTime(timeNs).getTime(), Date.now());
  if (last !== undefined && at - last.at < healthPauseMs) return undefined;
  progress.health[id] = { status: health, at };
  return {
    type: "health",
    time: plausible(guestTime(timeNs), startTime),
    sandboxId: sandbox.id,
    containerId: id,
    health,
    key: `health ${id} ${progress.marker} ${timeNs}`,
  };
}

/** The guest's clock may show anything. */
function plausible(time: Date, startTime: string): string {
  const earliest = Date.parse(startTime) || 0;
  return new Date(Math.max(earliest, Math.min(time.getTime(), Date.now()))).toISOString();
}
