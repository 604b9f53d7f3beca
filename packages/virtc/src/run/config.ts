import type { ContainerConfig, SandboxConfig } from "virtcontainers";
import { accelerators, machineTypes } from "./options.ts";
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
): SandboxConfig {
  const { options } = request;
  return {
    id: request.id,
    hostname: options.hostname,
    hypervisorType: "qemu",
    hypervisorConfig: {
      numVCPUs: request.cpus.numVCPUs,
      memoryMiB: request.memoryMiB,
      kernelPath: request.kernelPath,
      hypervisorPath: request.hypervisorPath,
      hypervisorMachineType: machineType(options.machine),
      accelerator: accelerator(options.accelerator),
    },
    containers: [containerConfig(request, size)],
    annotations: { ...request.annotations, ...annotations },
    exitWith: request.detach ? request.id : undefined,
  };
}

function containerConfig(request: RunRequest, size: TerminalSize | undefined): ContainerConfig {
  const { options, rootfs, cpus } = request;
  return {
    id: request.id,
    image: request.image,
    entrypoint: request.entrypoint === undefined ? undefined : [request.entrypoint],
    pull: request.image === undefined ? undefined : "never",
    rootFs: rootfs && { ...rootfs, mounted: true },
    readonlyRootfs: options.readOnly || rootfs?.options.includes("ro") || undefined,
    scratchMiB: request.scratchMiB,
    resources: cpus.limit && { cpu: cpus.limit },
    cmd: {
      args: [...request.command],
      envs: request.env.length > 0 ? [...request.env] : undefined,
      workDir: options.workdir,
      user: options.user,
      terminal: request.tty,
      consoleSize: size && { height: size.rows, width: size.columns },
      interactive: request.interactive,
      detach: request.detach,
    },
  };
}

type Hypervisor = NonNullable<SandboxConfig["hypervisorConfig"]>;

function machineType(text: string | undefined): Hypervisor["hypervisorMachineType"] {
  return machineTypes.find((known) => known === text);
}

function accelerator(text: string | undefined): Hypervisor["accelerator"] {
  return accelerators.find((known) => known === text);
}
