import { processesFeature } from "../../agent/features.ts";
import { type ProcessListOptions, ProcessListOptionsSchema } from "../../config/process-list.ts";
import { VirtError } from "../../errors.ts";
import { defaults } from "../../hypervisor/defaults.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import { parse } from "../../validate.ts";
import { psLayout } from "../process/ps/arguments.ts";
import { psTable } from "../process/ps/table.ts";

/** Lists the processes in a running or paused container, by their pids in the guest. */
export async function processListContainer(
  operation: Operation,
  containerId: string,
  options: ProcessListOptions,
): Promise<string> {
  const { format, args } = parse(ProcessListOptionsSchema, options, "options");
  const layout = psLayout(args ?? []);
  const { sandbox, signal } = operation;
  const container = operation.container(containerId);
  assertAllowed("processListContainer", sandbox, container);
  if (!sandbox.agentFeatures.includes(processesFeature)) {
    throw new VirtError("NOT_SUPPORTED", "the agent of this guest can't list the processes", {
      sandboxId: sandbox.id,
      containerId,
      hint: "Run ps in the container, if its image has one.",
    });
  }
  using _share = await watchShare(operation, container);
  const agent = await operation.agent();
  const rows = await agent.processTable(containerId, signal);
  if (format === "json") return JSON.stringify(rows.map(({ pid }) => pid));
  const given = sandbox.config.hypervisorConfig?.memoryMiB ?? defaults.memoryMiB;
  const memoryKib = (sandbox.size?.memoryMiB ?? given) * 1024;
  return psTable(rows, layout, { nowS: Date.now() / 1000, memoryKib });
}
