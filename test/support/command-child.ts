// Run as a process of its own: goes on with a command that another process started, by its id.
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, sandboxId = "", id = ""] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
await using sandbox = await vc.fetchSandbox(sandboxId);
const found = (await sandbox.commands.list()).find((known) => known.id === id);
const command = await sandbox.commands.connect(id);
command.stdin.write("from another\n");
for await (const line of command.lines()) if (line.includes("from another")) break;
command.stdin.end("the last\n");
const exitCode = await command.wait();
const { stdout, stderr } = await command.result();
process.stdout.write(JSON.stringify({ argv: found?.argv, exitCode, stdout, stderr }));
