import type { SandboxConfig } from "../config/sandbox.ts";
import { VirtError } from "../errors.ts";
import type { CgroupLimits } from "../host/host.ts";
import type { RunningVm } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import type { Operation } from "../operation/run-verb.ts";
import type { Ledger } from "../store/ledger.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { cgroupPath, overheadPath } from "./cgroup-path.ts";
import { placeThreads } from "./threads.ts";

const mebibyte = 1024 * 1024;
/** What the VMM may need beside the guest's memory: without KVM, QEMU keeps up to 1 GiB of translated code. */
const overheadMiB = 1280;
/** Threads of the VMM and virtiofsd, amply. */
const maxPids = 1024;

/** A cgroup on the host is made only where one is asked for: it needs root, and limits beside the VM's own size. */
export function wantsHostCgroup(config: SandboxConfig): boolean {
  return (
    config.cgroups !== undefined ||
    config.sandboxCgroupOnly !== undefined ||
    config.systemdCgroup === true
  );
}

/** Refuses what this host can't do, before anything is taken. */
export async function checkHostCgroup(
  context: Context,
  id: string,
  config: SandboxConfig,
): Promise<void> {
  if (!wantsHostCgroup(config)) return;
  const { cgroups } = context.host;
  const path = cgroupPath(id, config.cgroups?.path, config.systemdCgroup ?? false);
  if (config.sandboxCgroupOnly === false && !(await cgroups.canSplitThreads())) {
    throw new VirtError(
      "NOT_SUPPORTED",
      "threads of one VMM can't be in two cgroups of version 2",
      {
        field: "sandboxCgroupOnly",
        hint: "Set it to true, or leave it out: then the whole VMM is in the sandbox's cgroup.",
      },
    );
  }
  if (await cgroups.exists(path)) {
    throw new VirtError("ALREADY_EXISTS", `the cgroup ${path} is there already`, {
      field: "cgroups.path",
      hint: "Choose another path, or remove what uses it.",
    });
  }
}

/** Makes the sandbox's cgroup, and one for the VMM's own work if only the vCPUs are to be in the first. */
export async function makeHostCgroup(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
): Promise<void> {
  const { config, id } = sandbox;
  const { cgroups } = context.host;
  if (!wantsHostCgroup(config)) return;
  const path = cgroupPath(id, config.cgroups?.path, config.systemdCgroup ?? false);
  const overhead = config.sandboxCgroupOnly === false ? overheadPath(id) : undefined;
  for (const each of [...(overhead === undefined ? [] : [overhead]), ...fromTheTop(path)]) {
    // One above it that others made is theirs.
    if (each !== path && (await cgroups.exists(each))) continue;
    await ledger.take({ kind: "cgroup", path: each }, () => cgroups.create(each));
  }
  sandbox.cgroup = overhead === undefined ? { path } : { path, overhead };
  await cgroups.limit(path, limitsOf(sandbox));
}

/** A path after all that are above it: /a, /a/b, /a/b/c. */
function fromTheTop(path: string): string[] {
  const names = path.split("/").slice(1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

/** Moves the VMM and its helpers into the cgroup that was made for them. */
export async function enterHostCgroup(
  context: Context,
  sandbox: StoredSandbox,
  vm: RunningVm,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { cgroup } = sandbox;
  if (cgroup === undefined) return;
  for (const { record } of ledger.entries()) {
    if (record.kind !== "process" || record.pid === undefined) continue;
    await context.host.cgroups.placeProcess(cgroup.overhead ?? cgroup.path, record.pid);
  }
  await placeThreads(context, sandbox, vm, signal);
}

/** Sets the limits anew after the VM's size has changed. */
export async function limitHostCgroup({ context, sandbox }: Operation): Promise<void> {
  if (sandbox.cgroup === undefined) return;
  await context.host.cgroups.limit(sandbox.cgroup.path, limitsOf(sandbox));
}

/** The VM's size, and what the VMM needs beside it. Where that is elsewhere, its memory is, too. */
function limitsOf({ config, size, cgroup }: StoredSandbox): CgroupLimits {
  const whole = cgroup?.overhead === undefined;
  return {
    cpus: size?.cpus,
    cpuset: config.cgroups?.cpus,
    mems: config.cgroups?.mems,
    ...(whole && size && { memoryBytes: (size.memoryMiB + overheadMiB) * mebibyte, pids: maxPids }),
  };
}
