// Run as a process of its own: reads much output by chunks, and tells how much memory that took beyond what it had before.
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, sandboxId = "", megabytes = "1"] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
await using sandbox = await vc.fetchSandbox(sandboxId);
const dd = (count: string) =>
  sandbox.exec(["dd", "if=/dev/zero", "bs=1M", `count=${count}`], { timeoutMs: 120_000 });
for await (const { data } of dd("8")) void data;
const before = process.resourceUsage().maxRSS;
let bytes = 0;
for await (const { stream, data } of dd(megabytes)) if (stream === "stdout") bytes += data.length;
const grownKib = process.resourceUsage().maxRSS - before;
process.stdout.write(JSON.stringify({ bytes, grownKib }));
