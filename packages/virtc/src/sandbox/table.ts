import type { ContainerStatus, SandboxStatus } from "virtcontainers";
import { memory, since } from "../output/human.ts";
import { table } from "../output/table.ts";

/** One line for each sandbox. */
export function sandboxTable(sandboxes: readonly SandboxStatus[]): string {
  return table(
    ["SANDBOX", "STATE", "HYPERVISOR", "CPUS", "MEMORY", "CONTAINERS", "PID", "CREATED"],
    sandboxes.map((sandbox) => [
      sandbox.id,
      sandbox.shareDaemon?.alive === false ? `${sandbox.state} (share dead)` : sandbox.state,
      sandbox.hypervisor,
      `${sandbox.size?.cpus ?? "-"}`,
      sandbox.size === undefined ? "-" : memory(sandbox.size.memoryMiB * 1024 ** 2),
      `${sandbox.containersStatus.length}`,
      `${sandbox.vmm?.pid ?? "-"}`,
      `${since(sandbox.createdAt)} ago`,
    ]),
  );
}

/** One line for each container of the sandboxes. */
export function containerTable(
  rows: readonly { sandbox: string; container: ContainerStatus }[],
): string {
  return table(
    ["SANDBOX", "CONTAINER", "STATE", "IMAGE", "PID", "EXIT CODE"],
    rows.map(({ sandbox, container }) => [
      sandbox,
      container.id,
      container.state,
      container.image ?? container.rootFs,
      `${container.pid || "-"}`,
      `${container.exitCode ?? "-"}`,
    ]),
  );
}
