// Run as a process of its own: appends what a process writes to a file, each piece before the next is asked for.
import { appendFileSync } from "node:fs";
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, id = "", container = "", token = "", file = ""] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
await using sandbox = await vc.fetchSandbox(id);
const { stdout } = await sandbox.ioStream(container, token, { stdoutOffset: 0 });
for await (const piece of stdout) {
  appendFileSync(file, piece);
  process.stdout.write(".");
}
