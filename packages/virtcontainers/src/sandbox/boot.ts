import { randomUUID } from "node:crypto";
import { chown, mkdir } from "node:fs/promises";
import { seccompFeature } from "../agent/agent.ts";
import { hasNetworkHooks, hooksBeforeCreate } from "../container/hooks.ts";
import { hooksAndLinks } from "../container/hooks-and-links.ts";
import { createContainerInGuest } from "../container/verbs/create-in-guest.ts";
import type { Deadline } from "../deadline.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { phase } from "../events.ts";
import { hostError } from "../host/errno.ts";
import { assertCanAttach } from "../hypervisor/can-attach.ts";
import type { Device, DiskDevice } from "../hypervisor/device.ts";
import type { Hypervisor, RunningVm, VmSpec } from "../hypervisor/hypervisor.ts";
import { chooseLogCarrier } from "../hypervisor/log-carrier.ts";
import { makeLogDisk } from "../logs/disk/make.ts";
import { Connecting } from "../network/connecting.ts";
import { startMonitor } from "../network/monitor/monitor.ts";
import type { Context } from "../operation/context.ts";
import { resolveStored } from "../operation/resolve.ts";
import type { Operation } from "../operation/run-verb.ts";
import { enterHostCgroup, makeHostCgroup } from "../resources/host-cgroup.ts";
import { wantedSize } from "../resources/vm-size.ts";
import { prepareDrives } from "../storage/block/drives.ts";
import { startShare } from "../storage/share.ts";
import { shareMounts } from "../storage/share-mounts.ts";
import { explainStart, onShareDeath } from "../storage/virtiofs/daemon.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { VmSize } from "../store/vm-size.ts";
import { assertLifetime, setEnd } from "./lifetime.ts";
import { tellGuest } from "./tell-guest.ts";

/** Brings the VM of a sandbox up with all its containers created: state `ready` at the end. */
export async function boot(operation: Operation, ledger: Ledger): Promise<void> {
  const { context, sandbox, connection, deadline } = operation;
  const ids = { sandboxId: sandbox.id };
  await phase("prepare", ids, () => makeVmFolder(context, sandbox, ledger));
  await using connecting = new Connecting(context, sandbox, ledger, deadline);
  const vm = await prepareAndStart(operation, ledger, connecting);
  connection.adopt(vm);
  using _share = onShareDeath({ context, sandbox }, undefined, (error) => deadline.fail(error));
  try {
    deadline.phase("boot");
    await Promise.race([
      Promise.all([
        comeUp(operation, connecting),
        // While the guest boots, so that it costs no time.
        enterHostCgroup(context, sandbox, vm, ledger, deadline.signal),
      ]),
      failWhenGone(vm, sandbox.id),
    ]);
  } catch (error) {
    throw await withConsoleTail(error, vm, sandbox.id);
  }
  // It waits until this call lets the sandbox go.
  await startMonitor(operation, ledger);
  sandbox.state = "ready";
  await context.store.write(sandbox);
}

/** Storage and network are prepared at once; then the VM starts, and what is left of the network goes on. */
async function prepareAndStart(
  operation: Operation,
  ledger: Ledger,
  connecting: Connecting,
): Promise<RunningVm> {
  const { context, hypervisor, sandbox, deadline } = operation;
  const ids = { sandboxId: sandbox.id };
  const size = await wantedSize(context, hypervisor, sandbox);
  sandbox.size = size;
  const storing = phase("storage", ids, () =>
    describeVm(context, hypervisor, sandbox, size, ledger, deadline),
  );
  // Neither is left under way when the other has failed.
  const [begun, stored] = await Promise.allSettled([
    connecting.begin(size.cpus, () => earlyHooks(operation)),
    storing,
  ]);
  ofSettled(begun);
  const spec = ofSettled(stored);
  deadline.phase("hypervisor.start");
  const devices = [...spec.devices, ...connecting.devices];
  // Hooks find the namespace by the VMM's pid; not that of a user without root, which nobody else can enter.
  const hooked = !context.host.network.apart && sandbox.containers.some(hasNetworkHooks);
  const networkNamespace = hooked ? sandbox.network?.netns.path : undefined;
  return await phase("hypervisor.start", ids, () =>
    startVm(context, hypervisor, sandbox, { ...spec, devices, networkNamespace }, ledger, deadline),
  );
}

/** Where a VM that runs can't be given links, hooks fill its namespace before there is a VM. */
async function earlyHooks(operation: Operation): Promise<void> {
  if (!runsHooksEarly(operation)) return;
  const { context, sandbox, signal } = operation;
  for (const container of sandbox.containers)
    await hooksBeforeCreate(context, sandbox, container, signal);
}

function runsHooksEarly({ hypervisor, sandbox }: Operation): boolean {
  return sandbox.network !== undefined && !hypervisor.capabilities.hotPlug?.includes("network");
}

function ofSettled<T>(result: PromiseSettledResult<T>): T {
  if (result.status === "rejected") throw result.reason;
  return result.value;
}

async function makeVmFolder(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<void> {
  const path = context.store.folder(sandbox.id).vm;
  await ledger.take({ kind: "folder", path }, async () => {
    try {
      await mkdir(path, { mode: 0o700 });
      if (sandbox.user !== undefined) await chown(path, sandbox.user.uid, sandbox.user.gid);
    } catch (error) {
      throw hostError(error, `making the folder ${path}`);
    }
  });
}

async function describeVm(
  context: Context,
  hypervisor: Hypervisor,
  sandbox: StoredSandbox,
  size: VmSize,
  ledger: Ledger,
  deadline: Deadline,
): Promise<VmSpec> {
  const devices: Device[] = [];
  sandbox.nextDrive = 0;
  for (const container of sandbox.containers) {
    devices.push(...(await prepareDrives(context, sandbox, container, ledger, deadline.signal)));
  }
  const resolved = await resolveStored(context, hypervisor, sandbox);
  sandbox.resolved = { ...resolved };
  const config = {
    ...resolved,
    numVCPUs: size.cpus,
    memoryMiB: size.memoryMiB,
  };
  if (config.useVSock) devices.push({ kind: "vsock", id: "vsock" });
  const logDisk = await prepareLog(context, hypervisor, sandbox, config.logLimitMiB);
  if (logDisk !== undefined) devices.push(logDisk);
  if (sandbox.shared) devices.push(await startShare(context, sandbox, ledger));
  return {
    sandboxId: sandbox.id,
    marker: randomUUID(),
    config,
    folder: context.store.folder(sandbox.id).vm,
    user: sandbox.user,
    devices,
    logDisk: logDisk?.id,
  };
}

/** Chooses by what the log reaches the host, and makes the disk where it is one. */
async function prepareLog(
  context: Context,
  hypervisor: Hypervisor,
  sandbox: StoredSandbox,
  limitMiB: number,
): Promise<DiskDevice | undefined> {
  sandbox.logCarrier = chooseLogCarrier(hypervisor, context.logCarrier);
  if (sandbox.logCarrier !== "disk") return undefined;
  const path = context.store.folder(sandbox.id).log("disk");
  await makeLogDisk(path, limitMiB * 1024 * 1024, sandbox.user);
  return { kind: "disk", id: "log", path, format: "raw", readonly: false };
}

async function startVm(
  context: Context,
  hypervisor: Hypervisor,
  sandbox: StoredSandbox,
  spec: VmSpec,
  ledger: Ledger,
  deadline: Deadline,
): Promise<RunningVm> {
  for (const { kind } of spec.devices) assertCanAttach(hypervisor, kind, "cold");
  await makeHostCgroup(context, sandbox, ledger);
  const vm = await hypervisor.start(spec, ledger, deadline.signal).catch(async (error: unknown) => {
    if (deadline.signal.aborted) throw error;
    throw (await explainStart(context, sandbox, error)) ?? error;
  });
  sandbox.vm = vm.state;
  await context.store.write(sandbox);
  return vm;
}

async function comeUp(operation: Operation, connecting: Connecting): Promise<void> {
  const { context, sandbox, connection, deadline } = operation;
  const { signal } = deadline;
  const ids = { sandboxId: sandbox.id };
  const agent = await phase("boot", ids, () => connection.agent(sandbox, signal));
  if (sandbox.network !== undefined) {
    deadline.phase("network.wait");
    await phase("network.wait", ids, () => connecting.connected());
  }
  for (const endpoint of sandbox.network?.endpoints ?? [])
    endpoint.address = sandbox.vm?.devices[endpoint.id];
  deadline.phase("agent.createSandbox");
  await phase("agent.createSandbox", ids, async () => {
    const { lifetime } = sandbox.config;
    setEnd(sandbox, lifetime?.timeoutMs);
    const details = await tellGuest(agent, sandbox, signal);
    const seccomp = details.supportsSeccomp ? [seccompFeature] : [];
    sandbox.agentFeatures = [...seccomp, ...details.features.slice(0, 64)];
    if (lifetime?.timeoutMs !== undefined || lifetime?.idleTimeoutMs !== undefined)
      assertLifetime(sandbox);
  });
  for (const container of sandbox.containers) {
    deadline.phase("agent.createContainer");
    const ledger = context.store.ledger(sandbox.id);
    await shareMounts(context, sandbox, container, async () => agent, ledger, signal);
    if (!runsHooksEarly(operation)) await hooksAndLinks(operation, container);
    await createContainerInGuest(context, sandbox, container, agent, signal);
  }
}

async function failWhenGone(vm: RunningVm, sandboxId: string): Promise<never> {
  const reason = await vm.gone;
  throw new VirtError("BOOT_FAILED", `the VM ended while it came up: ${reason}`, {
    sandboxId,
    phase: "boot",
  });
}

/** Adds what the guest last said to an error of the boot. */
async function withConsoleTail(error: unknown, vm: RunningVm, sandboxId: string): Promise<unknown> {
  if (!isVirtError(error, "TIMEOUT", "BOOT_FAILED", "SANDBOX_DEAD", "PROTOCOL_VIOLATION"))
    return error;
  if (error.phase?.startsWith("hook.")) return error;
  const consoleTail = await vm.consoleTail().catch(() => "");
  const said = consoleTail
    ? `; the last lines of its console:\n${consoleTail}`
    : "; its console is empty";
  const code = error.code === "SANDBOX_DEAD" ? "BOOT_FAILED" : error.code;
  return new VirtError(code, `${error.message}${said}`, {
    cause: error,
    sandboxId,
    phase: error.phase ?? "boot",
    consoleTail,
    hint: error.hint ?? "Check the kernel, its parameters and the guest image.",
  });
}
