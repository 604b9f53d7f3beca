import type { Cmd } from "../../config/cmd.ts";
import { Deadline } from "../../deadline.ts";
import { type Operation, operation, type Verb } from "../../operation/run-verb.ts";
import { endExec } from "../process/end-exec.ts";
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
  /** Ends it since its caller has given it up; gives the caller's error, with what the guest could not confirm. */
  end(reason: unknown): Promise<unknown>;
}

/** Starts a command, connects its streams and makes it ready to be waited for: all on one look at the sandbox. */
export function startCommand(containerId: string, cmd: Cmd): Verb<StartedCommand> {
  return async (held) => {
    const { token } = await enterContainer(held, containerId, cmd);
    const { context, connection, sandbox } = held;
    const begun = { context, connection, sandboxId: sandbox.id, containerId, execId: token };
    const end = (reason: unknown): Promise<unknown> => endExec(begun, reason);
    try {
      const io = await ioStream(containerId, token, {}, cmd.terminal ?? false)(held);
      held.signal.throwIfAborted();
      return { processId: token, io, wait: () => waitBeyond(held, containerId, token), end };
    } catch (error) {
      throw await end(error);
    }
  };
}

/** Goes on with the sandbox as it was when the command was started, beyond the operation that started it. */
async function waitBeyond(
  { context, connection, sandbox, hold }: Operation,
  containerId: string,
  processId: string,
): Promise<number> {
  using deadline = new Deadline({}, undefined, "waitProcess");
  const waiting = operation(context, connection, sandbox, deadline, hold);
  return await deadline.race(waitProcess(waiting, containerId, processId));
}
