import type { Cmd } from "../../config/container.ts";
import { Deadline } from "../../deadline.ts";
import { type Operation, operation, type Verb } from "../../operation/operate.ts";
import type { IOStream } from "../process/io.ts";
import { enterContainer } from "./enter.ts";
import { ioStream } from "./io-stream.ts";
import { waitProcess } from "./wait.ts";

/** A command that was started in a container. */
export interface StartedCommand {
  processId: string;
  io: IOStream;
  /** Waits for its end: the exit code, or 128 + the signal's number. The sandbox is not held meanwhile. */
  wait(): Promise<number>;
}

/** Starts a command, connects its streams and makes it ready to be waited for: all on one look at the sandbox. */
export function startCommand(containerId: string, cmd: Cmd): Verb<StartedCommand> {
  return async (held) => {
    const { token } = await enterContainer(held, containerId, cmd);
    const io = await ioStream(containerId, token, {})(held);
    return { processId: token, io, wait: () => waitBeyond(held, containerId, token) };
  };
}

/** Goes on with the sandbox as it was when the command was started, beyond the operation that started it. */
async function waitBeyond(
  { context, connection, sandbox }: Operation,
  containerId: string,
  processId: string,
): Promise<number> {
  using deadline = new Deadline({}, undefined, "waitProcess");
  const waiting = operation(context, connection, sandbox, deadline);
  return await deadline.race(waitProcess(waiting, containerId, processId));
}
