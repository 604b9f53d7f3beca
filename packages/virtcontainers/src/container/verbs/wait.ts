import { isForeign } from "../../agent/features.ts";
import { Deadline } from "../../deadline.ts";
import { isVirtError } from "../../errors.ts";
import { readExits } from "../../logs/exits.ts";
import { refresh } from "../../operation/refresh.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { streamsEnded } from "../process/open-streams.ts";
import { offsetsFeature, RetryingAgent } from "../process/retrying-agent.ts";
import { execIdOf } from "./enter.ts";

/** How long a guest may take between closing its connections and the end of its VM. */
const powerOffMs = 5_000;

/** Waits for a process to end. If the VM ends with it, the log may still know how it ended. */
export async function waitProcess(
  operation: Operation,
  containerId: string,
  processId: string,
): Promise<number> {
  const { sandbox } = operation;
  const container = operation.container(containerId);
  const execId = execIdOf(containerId, processId);
  assertAllowed("waitInSandbox", sandbox);
  if (execId !== "") return await waitInGuest(operation, container, execId);
  const known = await knownExit(operation, container);
  if (known !== undefined) return known;
  assertAllowed("waitProcess", sandbox, container);
  try {
    return await waitInGuest(operation, container, "");
  } catch (error) {
    if (!isVirtError(error, "SANDBOX_DEAD")) throw error;
    const exitCode = await exitInLog(operation, containerId);
    if (exitCode === undefined) throw error;
    return exitCode;
  }
}

/** What the log says once the VM is gone; one that lives on has no more to say. */
async function exitInLog(
  { context, sandbox, signal }: Operation,
  containerId: string,
): Promise<number | undefined> {
  // A guest that powers off lets its connections go first.
  using limit = new Deadline({ signal }, powerOffMs, "wait");
  if (sandbox.vm !== undefined)
    await context.host.processes.waitGone(sandbox.vm.process, limit.signal).catch(() => {});
  signal.throwIfAborted();
  const exits = await readExits(
    context.store.folder(sandbox.id).log(sandbox.logCarrier),
    [containerId],
    signal,
  );
  return exits.get(containerId)?.exitCode;
}

async function waitInGuest(
  operation: Operation,
  container: StoredContainer,
  execId: string,
): Promise<number> {
  const { sandbox, signal } = operation;
  const containerId = container.id;
  using _share = await watchShare(operation, container);
  if (!sandbox.agentFeatures.includes(offsetsFeature)) {
    // Such an agent forgets a process that was waited for, with what was not read of its output.
    const agent = await operation.agent();
    if (isForeign(sandbox)) {
      const read = streamsEnded(operation.connection, { containerId, execId }, signal);
      await Promise.race([read, agent.closed]);
    }
    return await agent.waitProcess(containerId, execId, signal);
  }
  // Such an agent goes on telling how a process ended whose end it has told already.
  return await new RetryingAgent(operation).call(signal, (agent) =>
    agent.waitProcess(containerId, execId, signal),
  );
}

async function knownExit(
  operation: Operation,
  container: StoredContainer,
): Promise<number | undefined> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  return container.exitCode;
}
