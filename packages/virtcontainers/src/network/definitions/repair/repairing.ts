import { VirtError } from "../../../errors.ts";
import type { Host, RunResult } from "../../../host/host.ts";
import type { CniUse } from "../../../store/network/cni-use.ts";
import type { Definition } from "../record.ts";

/** One network that was made here, with how the sandboxes are in it that are there. */
export interface Repairing {
  host: Host;
  definition: Definition;
  bridge: string;
  uses: readonly CniUse[];
  signal: AbortSignal;
}

/** Runs a tool where bridges are made; an exit code is data. */
export async function runTool(
  { host, signal }: Repairing,
  tool: string,
  args: readonly string[],
): Promise<RunResult> {
  return await host.network.run(undefined, tool, args, { timeoutMs: 60_000, signal });
}

/** HOST_FAILED if it does not succeed. */
export async function runWell(
  repairing: Repairing,
  tool: string,
  args: readonly string[],
): Promise<void> {
  const { code, stderr } = await runTool(repairing, tool, args);
  if (code === 0) return;
  const text = `${tool} ${args.join(" ")} failed: ${stderr.trim().slice(-500)}`;
  throw new VirtError("HOST_FAILED", text, {
    hint: "Stop the sandboxes of the network, and start them anew.",
  });
}
