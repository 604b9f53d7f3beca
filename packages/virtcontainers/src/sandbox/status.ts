import { join } from "node:path";
import type { HypervisorConfig } from "../config/hypervisor.ts";
import type { OciSpec } from "../config/oci/schema.ts";
import { type MountStatus, mountStatus } from "../container/mount-status.ts";
import { containerSpec } from "../container/spec/spec.ts";
import type { Context } from "../operation/context.ts";
import type { State } from "../operation/state.ts";
import type { VmSize } from "../resources/sums.ts";
import { guestRootPath } from "../storage/guest/storages.ts";
import { isShareDead } from "../storage/virtiofs/daemon.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

/** What is known of a container. */
export interface ContainerStatus {
  id: string;
  state: State;
  /** Of its first process, in the guest; 0 before it was started. */
  pid: number;
  /** ISO 8601; empty before it was started. */
  startTime: string;
  createdAt: string;
  /** The folder, disk or image it was made from. */
  rootFs: string;
  image: string | undefined;
  imageDigest: string | undefined;
  cmd: string[];
  /** Once it has ended: the exit code, or 128 + the signal's number. */
  exitCode: number | undefined;
  exitedAt: string | undefined;
  /** Its output goes to the log. */
  logged: boolean;
  annotations: Record<string, string>;
  mounts: MountStatus[];
  /** The OCI specification that the guest got, or gets at the next start. */
  spec: OciSpec;
}

/** What is known of a sandbox. */
export interface SandboxStatus {
  id: string;
  state: State;
  hypervisor: string;
  hypervisorConfig: HypervisorConfig;
  agent: string;
  containersStatus: ContainerStatus[];
  annotations: Record<string, string>;
  createdAt: string;
  /** The process of the VM, while there is one. */
  vmm: { pid: number } | undefined;
  /** The process that serves its shared folders, while it has a VM and needs one. Once it is dead, what uses them hangs. */
  shareDaemon: { pid: number; alive: boolean } | undefined;
  /** The VM's size, while there is one; memory may be a step more. */
  size?: VmSize | undefined;
}

export async function sandboxStatus(
  context: Context,
  sandbox: StoredSandbox,
): Promise<SandboxStatus> {
  const { config, shareDaemon } = sandbox;
  return {
    id: sandbox.id,
    state: sandbox.state,
    hypervisor: config.hypervisorType ?? "qemu",
    hypervisorConfig: config.hypervisorConfig ?? {},
    agent: config.agentType ?? "kata",
    containersStatus: sandbox.containers.map((container) =>
      containerStatus(context.store, sandbox, container),
    ),
    annotations: config.annotations ?? {},
    createdAt: sandbox.createdAt,
    vmm: sandbox.vm && { pid: sandbox.vm.process.pid },
    shareDaemon: shareDaemon && {
      pid: shareDaemon.pid,
      alive: !(await isShareDead(context, sandbox)),
    },
    size: sandbox.vm && sandbox.size,
  };
}

export function containerStatus(
  store: Store,
  sandbox: StoredSandbox,
  container: StoredContainer,
): ContainerStatus {
  const { config, image } = container;
  return {
    id: container.id,
    // What runs in a VM that is halted does not run.
    state: sandbox.state === "paused" && container.state === "running" ? "paused" : container.state,
    pid: container.pid,
    startTime: container.startTime,
    createdAt: container.createdAt,
    rootFs: config.rootFs?.target ?? config.rootFs?.source ?? image?.name ?? "",
    image: image?.name,
    imageDigest: image?.digest,
    cmd: container.argv,
    exitCode: container.exitCode,
    exitedAt: container.exitedAt,
    logged: config.cmd?.detach ?? false,
    annotations: config.annotations ?? {},
    mounts: mountStatus(container, join(store.folder(sandbox.id).mounts, container.id)),
    spec: containerSpec(container, sandbox, guestRootPath(container)),
  };
}
