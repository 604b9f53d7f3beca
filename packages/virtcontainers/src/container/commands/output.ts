import type { CommandOutputOptions } from "../../config/commands.ts";
import { Deadline } from "../../deadline.ts";
import { VirtError } from "../../errors.ts";
import { guestTime } from "../../guest-time.ts";
import { followRecords } from "../../logs/follow.ts";
import { isLogFull } from "../../logs/limit.ts";
import { logPlace } from "../../operation/log-place.ts";
import type { ExecChunk } from "../exec/output.ts";
import type { ExecSandbox } from "../exec/sandbox.ts";
import type { CommandInfo } from "../process/command-info.ts";

/** One chunk of what a command wrote, from the log of its VM. */
export interface CommandChunk extends ExecChunk {
  /** Of its first byte in its stream. */
  offset: number;
  /** By the guest's clock. */
  time: Date;
}

interface CommandEnd {
  stream: "end";
  exitCode: number;
  /** Whether output may have been lost, since the log had no room for more. */
  isLogFull: boolean;
}

/** What a command has written, in order, from the given offsets on, and its end. SANDBOX_DEAD if that does not come. */
export async function* commandOutput(
  sandbox: ExecSandbox,
  { id, container, output }: CommandInfo,
  options: CommandOutputOptions,
): AsyncGenerator<CommandChunk | CommandEnd> {
  const place = { sandboxId: sandbox.id, containerId: container };
  if (output !== "log") {
    throw new VirtError("INVALID_STATE", `the output of command ${id} is not in the log`, {
      ...place,
      hint: "Who started it reads it. What commands.start() has started is read from anywhere.",
    });
  }
  const { follow = true, stdoutOffset = 0, stderrOffset = 0 } = options;
  using deadline = new Deadline(options, undefined, "commands.output");
  const { signal } = deadline;
  const watch = new AbortController();
  const from = { stdout: stdoutOffset, stderr: stderrOffset };
  const at = { stdout: 0, stderr: 0 };
  try {
    const how = { name: "commands.output", holding: "moment" } as const;
    const log = await sandbox.run(how, { signal }, logPlace(container, watch.signal));
    const process = { containerId: container, execId: id };
    const position = { offset: 0 };
    const reading = { follow, ended: log.gone, signal, position };
    for await (const record of followRecords(log.path, process, reading)) {
      if (record.stream === "exit") {
        const isFull = isLogFull(position.offset, log.limitBytes);
        yield { stream: "end", exitCode: record.status, isLogFull: isFull };
        return;
      }
      if (record.stream !== "stdout" && record.stream !== "stderr") continue;
      const { stream, timeNs } = record;
      const skipped = Math.min(Math.max(0, from[stream] - at[stream]), record.data.length);
      const offset = at[stream] + skipped;
      at[stream] += record.data.length;
      const data = record.data.subarray(skipped);
      if (data.length > 0) yield { stream, data, offset, time: guestTime(timeNs) };
    }
  } finally {
    watch.abort();
  }
  if (!follow) return;
  throw new VirtError("SANDBOX_DEAD", `the VM ended before command ${id} did`, {
    ...place,
    hint: "What it wrote until then was given. Start the sandbox, and the command, anew.",
  });
}
