import type { GuestProcess, OutputTarget } from "../../agent/agent.ts";
import { assertExtension } from "../../agent/features.ts";
import { assertUp, type Operation } from "../../operation/run-verb.ts";

/** A command of a sandbox, as it was when it was asked for. */
export interface CommandInfo {
  /** Names it in its sandbox. */
  readonly id: string;
  readonly container: string;
  /** The program and its arguments, of which some 4 KiB are told; empty if the guest does not know them any more. */
  readonly argv: readonly string[];
  /** In the guest; 0 if it is not known. */
  readonly pid: number;
  /** By the guest's clock; undefined if it is not known. */
  readonly startedAt: Date | undefined;
  readonly terminal: boolean;
  readonly state: "running" | "ended";
  /** Once it has ended: the exit code, or 128 + the signal's number. */
  readonly exitCode: number | undefined;
  /** Where its output goes: to the log of its VM, to who started it, or nowhere. */
  readonly output: OutputTarget;
}

/** The commands that the guest knows, of one container or of all, the oldest first. */
export async function listCommands(
  operation: Operation,
  containerId: string | undefined,
): Promise<CommandInfo[]> {
  const { sandbox, signal } = operation;
  if (containerId !== undefined) operation.container(containerId);
  assertUp(operation, "list the commands of");
  assertExtension(sandbox, "list commands");
  const agent = await operation.agent();
  const processes = await agent.listProcesses(containerId ?? "", signal);
  return processes
    .filter(({ execId }) => execId !== "")
    .map(commandInfo)
    .sort((a, b) => (a.startedAt?.getTime() ?? 0) - (b.startedAt?.getTime() ?? 0));
}

function commandInfo(process: GuestProcess): CommandInfo {
  return {
    id: process.execId,
    container: process.containerId,
    argv: process.args,
    pid: process.pid,
    startedAt: process.startedAt,
    terminal: process.terminal,
    state: process.exitCode === undefined ? "running" : "ended",
    exitCode: process.exitCode,
    output: process.output,
  };
}
