import * as v from "valibot";
import { processesFeature } from "../../agent/features.ts";
import { VirtError } from "../../errors.ts";
import { defaults } from "../../hypervisor/defaults.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import { argument, parse } from "../../validate.ts";
import { psLayout } from "../process/ps/arguments.ts";
import { psTable } from "../process/ps/table.ts";

const Options = v.strictObject({
  /** `json`: the pids as a JSON list; `table`: lines as ps prints them. */
  format: v.picklist(["json", "table"], "it must be json or table"),
  /** Arguments of ps(1) for a table; default `-ef`. Which processes are shown they do not change. */
  args: v.optional(v.pipe(v.array(argument(1024)), v.maxLength(64))),
});
export type ProcessListOptions = v.InferInput<typeof Options>;

/** Lists the processes in a running or paused container, by their pids in the guest. */
export async function processListContainer(
  operation: Operation,
  containerId: string,
  options: ProcessListOptions,
): Promise<string> {
  const { format, args } = parse(Options, options, "options");
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
