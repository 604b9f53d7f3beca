import { LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import { isVirtError, VirtError } from "../../errors.ts";
import { openLog } from "../../logs/open.ts";
import { readRest } from "../../logs/read.ts";
import type { Operation, Verb } from "../../operation/run-verb.ts";
import { type CommandInfo, listCommands } from "./command-info.ts";

/**
 * A command by its id: as the guest knows it, or as the log of the VM tells of it. PROCESS_NOT_FOUND; INVALID_STATE or
 * SANDBOX_DEAD if the guest can't be asked and the log does not know it.
 */
export function findCommand(id: string, containerId: string | undefined): Verb<CommandInfo> {
  return async (operation) => {
    let refused: unknown;
    try {
      const known = await listCommands(operation, containerId);
      const found = known.find((command) => command.id === id);
      if (found !== undefined) return found;
    } catch (error) {
      if (!isVirtError(error, "INVALID_STATE", "SANDBOX_DEAD")) throw error;
      refused = error;
    }
    const logged = await loggedCommand(operation, id, containerId);
    if (logged !== undefined) return logged;
    if (refused !== undefined) throw refused;
    throw new VirtError(
      "PROCESS_NOT_FOUND",
      `sandbox ${operation.sandbox.id} has no command ${id}`,
      {
        sandboxId: operation.sandbox.id,
        containerId,
        hint: "Look for it with commands.list(). One whose output was not kept in the log is forgotten a minute after its end.",
      },
    );
  };
}

/** What the log tells of a command that wrote something, or has ended. */
async function loggedCommand(
  { context, sandbox, signal }: Operation,
  id: string,
  containerId: string | undefined,
): Promise<CommandInfo | undefined> {
  const containerIds =
    containerId === undefined ? sandbox.containers.map((container) => container.id) : [containerId];
  await using log = await openLog(context.store.folder(sandbox.id).log(sandbox.logCarrier));
  if (log === undefined) return undefined;
  const decoder = new LogRecordDecoder({ containerIds });
  let container: string | undefined;
  let exitCode: number | undefined;
  for await (const record of readRest(log, decoder, { offset: 0 }, { signal })) {
    if (record.execId !== id) continue;
    container ??= record.containerId;
    if (record.stream === "exit") exitCode = record.status;
  }
  if (container === undefined) return undefined;
  return {
    ...{ id, container, argv: [], pid: 0, startedAt: undefined, terminal: false },
    // The guest does not know it, or is not there.
    state: "ended",
    exitCode,
    output: "log",
  };
}
