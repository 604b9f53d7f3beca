import { randomBytes } from "node:crypto";
import { isForeign, portsFor } from "../../agent/features.ts";
import { type Cmd, CmdSchema } from "../../config/cmd.ts";
import { invalidArgument } from "../../errors.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { catchUp } from "../../storage/copies/watched/catch-up.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import { parse } from "../../validate.ts";
import { beginExec } from "../process/begin-exec.ts";
import { HostConsole, withConsole } from "../process/host-console.ts";
import { processMessage } from "../spec/oci/message.ts";
import { processSpec, userSpec } from "../spec/process-spec.ts";
import { userInNumbers } from "../user/numbers.ts";

/** One process of a container. */
export interface Process {
  /** Names the process in its sandbox: the container's id for its first process. */
  token: string;
  /** In the guest; 0 if it is not known. */
  pid: number;
  /** ISO 8601. */
  startTime: string;
}

/** Runs a further command in a running container. */
export async function enterContainer(
  operation: Operation,
  containerId: string,
  input: Cmd,
): Promise<Process> {
  const { sandbox } = operation;
  const cmd = withConsole(parse(CmdSchema, input, "cmd"), "cmd");
  if (cmd.args.length === 0) throw invalidArgument("cmd.args", cmd.args, "it must name a command");
  const container = operation.container(containerId);
  assertAllowed("enterContainer", sandbox, container);
  using _share = await watchShare(operation, container);
  const token = randomBytes(8).toString("hex");
  const agent = await operation.agent();
  await catchUp(operation, container);
  const ports = portsFor(cmd, sandbox);
  const own = processSpec(cmd, container);
  const stringUser = userSpec(cmd, container);
  const process = isForeign(sandbox)
    ? { ...own, user: await userInNumbers(stringUser, container, sandbox.id) }
    : own;
  const console = await HostConsole.open(operation, cmd);
  const request = {
    containerId,
    execId: token,
    stringUser,
    process: processMessage(process),
    ...ports,
  };
  try {
    await beginExec(
      operation,
      { containerId, execId: token },
      (signal) => agent.execProcess(request, signal),
      async () => await console?.attach(containerId, token, cmd.interactive),
    );
  } catch (error) {
    await console?.close();
    throw error;
  }
  return { token, pid: 0, startTime: new Date().toISOString() };
}

/** The agent's name of a process: empty for a container's first one. */
export function execIdOf(containerId: string, processId: string): string {
  return processId === containerId ? "" : processId;
}
