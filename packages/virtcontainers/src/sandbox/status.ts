import type { HypervisorConfig } from "../config/hypervisor.ts";
import type { Lifetime } from "../config/lifetime.ts";
import type { PortMapping } from "../config/network/port.ts";
import type { State } from "../config/state.ts";
import { type ContainerStatus, containerStatus } from "../container/verbs/status.ts";
import { hypervisorTypeOf } from "../hypervisor/registry.ts";
import { networkStatus, type SandboxNetworkStatus } from "../network/status.ts";
import type { Context } from "../operation/context.ts";
import { refresh } from "../operation/refresh.ts";
import type { Operation } from "../operation/run-verb.ts";
import { isShareDead } from "../storage/virtiofs/daemon.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { VmSize } from "../store/vm-size.ts";
import { resumeEnd } from "./lifetime.ts";

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
  /** The networks that it is in, or is to be in when it starts. */
  networks: readonly SandboxNetworkStatus[];
  /** Ports of the host that lead to it. */
  ports: readonly PortMapping[];
  /** How long it lasts, as it was told when it was made. */
  lifetime?: Lifetime | undefined;
  /** When its VM ends by itself, ISO 8601, if there is such a time; while it is paused, when it would if it went on now. */
  endsAt?: string | undefined;
  /** The VM's size, while there is one; memory may be a step more. */
  size?: VmSize | undefined;
}

function endsAt(sandbox: StoredSandbox): string | undefined {
  const ends = resumeEnd(sandbox);
  return ends && "at" in ends ? ends.at : undefined;
}

/** The present state, also if the VM or a container died unseen. */
export async function statusSandbox(operation: Operation): Promise<SandboxStatus> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  return await sandboxStatus(context, sandbox);
}

export async function sandboxStatus(
  context: Context,
  sandbox: StoredSandbox,
): Promise<SandboxStatus> {
  const { config, shareDaemon } = sandbox;
  return {
    id: sandbox.id,
    state: sandbox.state,
    hypervisor: hypervisorTypeOf(config),
    hypervisorConfig: config.hypervisorConfig ?? {},
    agent: config.agentType ?? "kata",
    containersStatus: sandbox.containers.map((container) =>
      containerStatus(context, sandbox, container),
    ),
    annotations: config.annotations ?? {},
    createdAt: sandbox.createdAt,
    networks: networkStatus(sandbox),
    ports: config.ports ?? [],
    vmm: sandbox.vm && { pid: sandbox.vm.process.pid },
    shareDaemon: shareDaemon && {
      pid: shareDaemon.pid,
      alive: !(await isShareDead(context, sandbox)),
    },
    lifetime: config.lifetime,
    endsAt: endsAt(sandbox),
    size: sandbox.vm && sandbox.size,
  };
}
