// Run as a process of its own: uses a sandbox over and over until its time is over, and prints what it did.
import { randomBytes } from "node:crypto";
import { VirtContainers } from "virtcontainers";

const [stateDir, dataDir, id = "", seconds] = process.argv.slice(2);
const vc = new VirtContainers({ stateDir, dataDir });
const end = performance.now() + Number(seconds) * 1000;
let done = 0;
let longestMs = 0;

while (done === 0 || performance.now() < end) {
  const started = performance.now();
  await using sandbox = await vc.fetchSandbox(id);
  const word = randomBytes(8).toString("hex");
  const code = done % 7;
  const script = `cat; echo ${word} >&2; exit ${code}`;
  const stdin = randomBytes(1000 * (done % 50)).toString("hex");
  const result = await sandbox.exec(["sh", "-c", script], { stdin });
  if (result.exitCode !== code || result.stdout !== stdin || result.stderr !== `${word}\n`)
    throw new Error(`round ${done} came back wrong: exit code ${result.exitCode}`);
  if ((await sandbox.status()).state !== "running") throw new Error("it does not run");
  longestMs = Math.max(longestMs, performance.now() - started);
  done++;
}
process.stdout.write(JSON.stringify({ done, longestMs }));
