// Run as a process of its own: makes a sandbox that lasts some seconds, says so, and waits to be killed.
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, id] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
const containers = [{ id: "main", image: "busybox", waits: true }];
const sandbox = await vc.runSandbox({ id, containers, lifetime: { timeoutMs: 3_600_000 } });
await sandbox.setTimeout(2000);
console.log("made");
setInterval(() => {}, 1000);
