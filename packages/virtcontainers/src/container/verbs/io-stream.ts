import * as v from "valibot";
import { assertReachable, type Verb } from "../../operation/run-verb.ts";
import { assertShare } from "../../storage/virtiofs/daemon.ts";
import { integer, parse } from "../../validate.ts";
import { endWithShare, type IOOffsets, type IOStream, openStreams } from "../process/io.ts";
import { execIdOf } from "./enter.ts";

const offset = v.optional(integer(0, Number.MAX_SAFE_INTEGER, "bytes"));

/** The streams of a process that is not detached. */
export function ioStream(
  containerId: string,
  processId: string,
  { stdoutOffset, stderrOffset }: IOOffsets,
  terminal?: boolean,
): Verb<IOStream> {
  const offsets = { stdoutOffset, stderrOffset };
  for (const [name, value] of Object.entries(offsets)) parse(offset, value, name);
  return async (operation) => {
    assertReachable(operation, "reach the streams of a process in", containerId);
    const container = operation.container(containerId);
    await assertShare(operation, container);
    const execId = execIdOf(containerId, processId);
    const ofTerminal = terminal ?? (execId === "" && container.config.cmd?.terminal === true);
    const io = await openStreams(operation, containerId, execId, offsets, ofTerminal);
    return endWithShare(operation, container, io);
  };
}
