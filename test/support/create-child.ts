// Run as a process of its own: creates a sandbox named `doomed`, and is killed at the failpoint of its environment.
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
await vc.runSandbox({ id: "doomed", containers: [{ id: "main", image: "busybox", waits: true }] });
