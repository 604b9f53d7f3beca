/** Three clocks: that of a call, a signal of your own, and that of the VM, which needs nobody. */
import { isVirtError, Sandbox, VirtError } from "virtcontainers";

await using sandbox = await Sandbox.create({
  // Kept by the VM itself: it ends also when this program was killed.
  lifetime: { timeoutMs: 120_000, idleTimeoutMs: 60_000, onTimeout: "delete" },
});

// 1. A deadline of a call: the command is killed in the guest before this rejects.
const slow = sandbox.exec(["sh", "-c", "echo begun; exec sleep 1000"], { timeoutMs: 2000 });
await slow.then(null, (error: unknown) => {
  if (!isVirtError(error, "TIMEOUT")) throw error;
  console.log("TIMEOUT, after it wrote", JSON.stringify(error.stdout));
});
const { stdout } = await sandbox.exec(["sh", "-c", "ps | grep -c '[s]leep 1000'"]);
console.log(`${stdout.trim()} of it still run`);

// 2. A signal, here of a user who has seen enough.
const enough = new AbortController();
const counting = sandbox.exec(["sh", "-c", "i=0; while :; do i=$((i + 1)); echo $i; done"], {
  signal: enough.signal,
});
try {
  for await (const line of counting.lines()) if (line === "100") enough.abort();
} catch (error) {
  if (!(error instanceof VirtError)) throw error;
  console.log(error.code);
}

// 3. A patient way to end a command: first SIGTERM, so that it can tidy up.
const polite = sandbox.exec([
  "sh",
  "-c",
  "trap 'echo tidied; exit 0' TERM; echo ready; sleep 1000 & wait",
]);
for await (const line of polite.lines()) {
  console.log(line);
  if (line === "ready") await polite.kill("SIGTERM");
}
console.log(`it ended with ${await polite.then(({ exitCode }) => exitCode)}`);

// 4. More time for the VM, from now on.
const left = async () => Date.parse((await sandbox.status()).endsAt ?? "") - Date.now();
await sandbox.setTimeout(600_000);
console.log(`it has ${Math.round((await left()) / 60_000)} minutes left, if it is used`);
