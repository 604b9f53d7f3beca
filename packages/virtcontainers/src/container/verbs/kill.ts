import { assertExtension } from "../../agent/features.ts";
import { isVirtError } from "../../errors.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { type Signal, signalNumber } from "../../signals.ts";
import { execIdOf } from "./enter.ts";

const sigkill = 9;

/** Sends a signal to one process of a container, or to all of them. */
export async function signalProcess(
  operation: Operation,
  containerId: string,
  processId: string,
  name: Signal,
  all: boolean,
): Promise<void> {
  const { sandbox, signal } = operation;
  const number = signalNumber(name);
  const container = operation.container(containerId);
  assertAllowed("signalProcess", sandbox, container);
  const agent = await operation.agent();
  if (!all || number === sigkill) {
    return await agent.signalProcess(
      containerId,
      all ? "" : execIdOf(containerId, processId),
      number,
      signal,
    );
  }
  assertExtension(sandbox, "send another signal than SIGKILL to all processes");
  for (const process of await agent.listProcesses(containerId, signal)) {
    if (process.exitCode !== undefined) continue;
    await agent
      .signalProcess(containerId, process.execId, number, signal)
      .catch((error: unknown) => {
        // It has ended since it was listed.
        if (!isVirtError(error, "PROCESS_NOT_FOUND")) throw error;
      });
  }
}
