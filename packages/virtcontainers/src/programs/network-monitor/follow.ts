import type { VirtContainers } from "../../api/virtcontainers.ts";

/** Has the guest follow its namespace until its VM ends, and writes down what has changed. */
export async function follow(vc: VirtContainers, [sandboxId = ""]: string[]): Promise<void> {
  for await (const change of vc.followNetwork(sandboxId))
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...change })}\n`);
}
