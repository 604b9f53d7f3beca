import type { ContainerConfig, LinuxResources } from "virtcontainers";
import { given } from "../args/given.ts";

/** A container of a file, and what the options say, which goes before it. */
export function layered(
  file: ContainerConfig | undefined,
  { cmd, resources, annotations, ...options }: ContainerConfig,
): ContainerConfig {
  const { args = [], ...process } = cmd ?? {};
  const below = detached(file ?? { id: options.id });
  return {
    ...below,
    ...given(options),
    annotations: { ...below.annotations, ...annotations },
    resources: mergedResources(below.resources, resources),
    cmd: {
      args: [],
      ...below.cmd,
      ...given(process),
      ...(args.length > 0 && { args }),
    },
  };
}

/** Nobody stays to read what it writes, so that it goes to the log unless the file says otherwise. */
export function detached(container: ContainerConfig): ContainerConfig {
  return { ...container, cmd: { args: [], detach: true, ...container.cmd } };
}

function mergedResources(
  below: LinuxResources | undefined,
  above: LinuxResources | undefined,
): LinuxResources | undefined {
  if (below === undefined || above === undefined) return above ?? below;
  return {
    ...below,
    cpu: above.cpu ? { ...below.cpu, ...given(above.cpu) } : below.cpu,
    memory: above.memory ? { ...below.memory, ...given(above.memory) } : below.memory,
    pids: above.pids ?? below.pids,
  };
}
