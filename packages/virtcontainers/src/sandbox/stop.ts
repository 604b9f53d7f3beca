import { Deadline } from "../deadline.ts";
import { phase } from "../events.ts";
import { tellDisconnected } from "../network/tell-members.ts";
import { markGone, refresh } from "../operation/refresh.ts";
import type { Operation } from "../operation/run-verb.ts";
import { assertMove } from "../operation/state.ts";
import { isShareDead } from "../storage/virtiofs/daemon.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";

/** How long the guest may take to power off when asked. */
const graceMs = 5_000;

/** Stops a sandbox: asks the guest first, and ends the VMM when that takes too long. `force` asks nobody. */
export async function stopSandbox(operation: Operation, force: boolean): Promise<void> {
  const { context, sandbox } = operation;
  if (sandbox.vm !== undefined && !(await isVmAlive(context, sandbox)))
    await markGone(context, sandbox);
  if (sandbox.state === "stopped") return await releaseVm(operation);
  assertMove("sandbox", sandbox.id, sandbox.state, "stopped");
  await phase("hypervisor.stop", { sandboxId: sandbox.id }, () => stopVm(operation, force));
  await context.events.hearOut(sandbox);
  await markGone(context, sandbox, { time: new Date() });
  await releaseVm(operation);
  await context.events.record({ type: "stopped", sandboxId: sandbox.id });
}

async function stopVm(operation: Operation, force: boolean): Promise<void> {
  if (operation.sandbox.vm === undefined) return;
  const vm = await operation.vm();
  const asked = !force && (await canPowerOff(operation)) && (await askGuest(operation));
  await operation.hold.change(() => vm.stop({ graceMs: asked ? graceMs : 0 }));
}

/** One that is halted can't; one that hangs in a dead share takes long, and is given the time only for what would be lost. */
async function canPowerOff({ context, sandbox }: Operation): Promise<boolean> {
  if (sandbox.state === "paused") return false;
  const layers = sandbox.containers.some(({ drives }) => drives.scratch !== undefined);
  return layers || writesDisks(sandbox) || !(await isShareDead(context, sandbox));
}

/** True if it writes to disks that outlive it, of a volume or a root: what was written has to get there before the VM goes. */
export function writesDisks({ containers }: StoredSandbox): boolean {
  return containers.some(
    ({ mounts, drives }) =>
      drives.root !== undefined || mounts.some(({ kind }) => kind === "drive"),
  );
}

/** True if the guest powers off now. */
async function askGuest(operation: Operation): Promise<boolean> {
  const { context, sandbox, connection } = operation;
  using limit = new Deadline({ signal: operation.signal }, graceMs, "stop");
  const { signal } = limit;
  try {
    await refresh(context, sandbox, connection, signal);
    const agent = await connection.agent(sandbox, signal);
    await agent.destroySandbox(signal);
    return agent.powersOff;
  } catch (error) {
    operation.signal.throwIfAborted();
    context.logger.warn(
      { err: error, sandboxId: sandbox.id },
      "the guest did not power off when asked; its VM is ended",
    );
    return false;
  }
}

/** Gives back what only a running VM needs; the folder with console and log stays until delete. */
async function releaseVm(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  const { id, network } = sandbox;
  await operation.connection.release();
  delete sandbox.cgroup;
  delete sandbox.network;
  try {
    await operation.save();
  } finally {
    // Also where the disk has no room for the state: whoever looks next sees that the VM is gone.
    await operation.ledger().releaseVm();
  }
  await tellDisconnected(context, { id, network });
}
