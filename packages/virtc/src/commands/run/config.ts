import type { ContainerConfig, SandboxConfig } from "virtcontainers";
import { containerConfig } from "../../container/config.ts";
import type { NetworkPart } from "../../network/config.ts";
import { hypervisorConfig } from "../../vm/config.ts";
import type { RunRequest } from "./request.ts";

export interface TerminalSize {
  rows: number;
  columns: number;
}

/** The sandbox of one `virtc run`: one container, both with the same id. A pure function. */
export function sandboxConfig(
  request: RunRequest,
  size: TerminalSize | undefined,
  annotations: Readonly<Record<string, string>>,
  network: NetworkPart,
): SandboxConfig {
  const { id, container, vm, detach, limits, timeoutMs, logLimitMiB } = request;
  const machine = hypervisorConfig(vm);
  return {
    id,
    hostname: vm.options.hostname,
    hypervisorConfig: { ...machine, numVCPUs: machine.numVCPUs ?? limits.cpus },
    containers: [ownContainer(request, size)],
    annotations: { ...container.annotations, ...annotations },
    exitWith: detach ? id : undefined,
    // Nobody of the host is left to keep it.
    lifetime: detach && timeoutMs !== undefined ? { timeoutMs } : undefined,
    logLimitMiB,
    // --cpus and --memory are the VM's whole size; the container's limit is a part of it.
    staticResourceMgmt: true,
    ...network,
  };
}

/** How much a container that stays can write, unless it is said: a sparse file of this size. */
const defaultScratchMiB = 2048;

/** The container of a `virtc run`, in a VM of its own or in another's. A pure function. */
export function ownContainer(
  { id, container, limits, init, tty, interactive, detach, notes, keepsLayer }: RunRequest,
  size: TerminalSize | undefined,
): ContainerConfig {
  const connected = {
    terminal: tty,
    consoleSize: size && { height: size.rows, width: size.columns },
    interactive,
    detach,
  };
  const { resources } = limits;
  const scratchMiB = container.scratchMiB ?? (keepsLayer ? defaultScratchMiB : undefined);
  const annotations = Object.keys(notes).length > 0 ? { annotations: { ...notes } } : {};
  return {
    ...containerConfig(id, container, connected),
    ...(init && { init }),
    scratchMiB,
    resources,
    ...annotations,
  };
}
