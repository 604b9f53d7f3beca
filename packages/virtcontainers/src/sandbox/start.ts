import { launchContainer } from "../container/verbs/start.ts";
import { tellConnected, tellDisconnected } from "../network/tell-members.ts";
import { markGone, refresh } from "../operation/refresh.ts";
import { type Operation, undo } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { isScratch } from "../storage/block/scratch.ts";
import { assertShare } from "../storage/virtiofs/daemon.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { boot } from "./boot.ts";
import { stopSandbox } from "./stop.ts";

/**
 * Starts a sandbox and all its containers; one that was stopped boots anew. What was written to a
 * scratch disk is there again; what was written to the guest's memory is not.
 */
export async function startSandbox(operation: Operation): Promise<void> {
  const { context, sandbox, connection, deadline } = operation;
  if (sandbox.state === "ready" && !(await isVmAlive(context, sandbox)))
    await markGone(context, sandbox);
  await refresh(context, sandbox, connection, deadline.signal);
  assertAllowed("startSandbox", sandbox);
  for (const container of sandbox.containers) await assertShare(operation, container);
  if (sandbox.state === "stopped") {
    const ledger = context.store.ledger(sandbox.id);
    const keep = isScratch(context, sandbox.id);
    await connection.release();
    await ledger.releaseAll(keep);
    await tellDisconnected(context, sandbox);
    sandbox.bootId = await context.host.bootId();
    for (const container of sandbox.containers) forgetExit(container);
    try {
      await boot(operation, ledger);
      await tellConnected(context, sandbox);
    } catch (error) {
      await undo(operation, async (undoing) => {
        await connection.release();
        await ledger.releaseAll(keep);
        await markGone(context, sandbox);
        await undoing.save();
      });
      throw error;
    }
  }
  await startAll(operation);
}

/** Starts a sandbox whose containers have all been made just now. */
export async function startAll(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  sandbox.state = "running";
  await context.events.record({ type: "started", sandboxId: sandbox.id });
  try {
    for (const container of sandbox.containers) await launchContainer(operation, container);
  } catch (error) {
    await stopSandbox(operation, true);
    throw error;
  }
  await operation.save();
}

function forgetExit(container: Operation["sandbox"]["containers"][number]): void {
  container.state = "creating";
  container.startTime = "";
  delete container.exitCode;
  delete container.exitedAt;
}
