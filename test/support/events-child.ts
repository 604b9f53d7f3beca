// Run as a process of its own: prints what happens to a sandbox, one a line, until it is deleted.
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, sandboxId] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
const events = vc.events({ sandboxId });
process.stdout.write("watching\n");
for await (const { type, containerId, exitCode } of events) {
  process.stdout.write(`${containerId ?? "sandbox"} ${type} ${exitCode ?? ""}`.trimEnd());
  process.stdout.write("\n");
  if (type === "deleted" && containerId === undefined) break;
}
