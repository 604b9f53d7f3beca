import type { LinuxResources, SandboxStatus } from "virtcontainers";
import { inOptionNames } from "../../errors/fields.ts";
import type { Library } from "../../library.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import type { Update } from "./request.ts";

/** Changes a running VM and its container. */
export async function update(
  library: Library,
  name: string,
  { cpus, memoryMiB, limits, texts }: Update,
): Promise<void> {
  const status = await library.statusSandbox(name);
  const change = withoutQuota(status, cpus, limits);
  const container = change && pickContainer(status.id, status.containersStatus, undefined);
  if (container !== undefined) {
    await library.updateContainer(name, container, change ?? {}).catch((error: unknown) => {
      throw inOptionNames(error);
    });
  }
  // Last, since a change of the container's limits may change the VM's size too.
  if (cpus !== undefined || memoryMiB !== undefined) {
    await library.resizeSandbox(name, { cpus, memoryMiB }).catch((error: unknown) => {
      const told = inOptionNames(error, { texts });
      throw container === undefined ? told : afterLimits(told, container);
    });
  }
}

/** A whole number of CPUs is for the only container to use; an earlier limit of it must not stay. */
function withoutQuota(
  { containersStatus: [only, ...others] }: SandboxStatus,
  cpus: number | undefined,
  limits: LinuxResources | undefined,
): LinuxResources | undefined {
  if (cpus === undefined || limits?.cpu?.quota !== undefined) return limits;
  if (only?.state !== "running" || others.length > 0) return limits;
  return { ...limits, cpu: { ...limits?.cpu, quota: -1 } };
}

/** What was changed before stays, and is told. */
function afterLimits(error: unknown, container: string): unknown {
  if (error instanceof Error)
    error.message += `; the limits of container ${container} have been changed`;
  return error;
}
