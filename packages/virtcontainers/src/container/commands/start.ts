import type { Cmd } from "../../config/cmd.ts";
import { VirtError } from "../../errors.ts";
import type { Verb } from "../../operation/run-verb.ts";
import { type CommandInfo, listCommands } from "../process/command-info.ts";
import { endExec } from "../process/end-exec.ts";
import { enterContainer } from "../verbs/enter.ts";

/** Starts a command that goes on by itself, and tells what has become of it. */
export function startInBackground(containerId: string, cmd: Cmd): Verb<CommandInfo> {
  return async (held) => {
    const { token } = await enterContainer(held, containerId, { ...cmd, detach: true });
    const { context, connection, sandbox } = held;
    try {
      const known = await listCommands(held, containerId);
      const found = known.find(({ id }) => id === token);
      held.signal.throwIfAborted();
      if (found !== undefined) return found;
      throw new VirtError("AGENT_ERROR", `the guest does not know the command that it started`, {
        sandboxId: sandbox.id,
        containerId,
      });
    } catch (error) {
      const begun = { context, connection, sandboxId: sandbox.id, containerId, execId: token };
      throw await endExec(begun, error);
    }
  };
}
