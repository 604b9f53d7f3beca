import { type LogRecord, LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { VirtError } from "../errors.ts";
import { guestTime } from "../guest-time.ts";
import { FileChanges } from "./file-changes.ts";
import { openLog } from "./open.ts";
import { readRest } from "./read.ts";

/** A piece of a detached process's output. */
export interface LogEntry {
  stream: "stdout" | "stderr";
  /** By the guest's clock. */
  time: Date;
  data: Uint8Array;
}

/** How far a log is read. */
interface FollowOptions {
  follow: boolean;
  ended: Promise<unknown>;
  signal: AbortSignal;
  /** Tells how far it was read. */
  position?: { offset: number };
}

/**
 * What the first command of a container wrote, in order. With `follow` it goes on until that command has
 * ended or `ended` settles (the VM is gone).
 */
export async function* followLog(
  path: string,
  containerId: string,
  options: FollowOptions,
): AsyncGenerator<LogEntry> {
  for await (const record of followRecords(path, { containerId, execId: "" }, options)) {
    if (record.stream === "exit") return;
    if (record.stream !== "stdout" && record.stream !== "stderr") continue;
    yield { stream: record.stream, time: guestTime(record.timeNs), data: record.data };
  }
}

/** The records of a process, in order, up to that of its end; with an empty `execId` of the container's first. */
export async function* followRecords(
  path: string,
  { containerId, execId }: { containerId: string; execId: string },
  options: FollowOptions,
): AsyncGenerator<LogRecord> {
  await using log = await openLog(path);
  if (log === undefined) {
    throw new VirtError("NOT_SUPPORTED", `container ${containerId} has no log`, {
      containerId,
      hint: "Only the output of detached containers is logged: virtc run -d.",
    });
  }
  using changes = new FileChanges(path, options.signal);
  // The writer is gone: what is in the file then is all.
  let isLast = false;
  options.ended.finally(() => {
    isLast = true;
    changes.notify();
  });
  const decoder = new LogRecordDecoder({ containerIds: [containerId] });
  const { position = { offset: 0 } } = options;
  for (;;) {
    const last = isLast;
    for await (const record of readRest(log, decoder, position, options)) {
      if (record.execId !== execId) continue;
      yield record;
      if (record.stream === "exit") return;
    }
    options.signal.throwIfAborted();
    if (!options.follow || last) return;
    await changes.next();
  }
}
