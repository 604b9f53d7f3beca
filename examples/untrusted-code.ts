/** Runs code that nobody has read: in a VM without a network, for so long and with so much output at most. */
import { isVirtError, Sandbox } from "virtcontainers";

const submissions = [
  'echo "the sum is $((19 + 23))"',
  "exit 3",
  "while :; do :; done",
  "yes 'too much'",
  "cat /etc/shadow",
];

await using sandbox = await Sandbox.create({
  memoryMiB: 256,
  network: "none",
  pids: 64,
  readonlyRootfs: true,
  capabilities: { drop: ["ALL"] },
  // Whatever becomes of this program, the VM is gone in five minutes.
  lifetime: { timeoutMs: 300_000, onTimeout: "delete" },
});

/** What came of a piece of code, in words. */
async function judge(code: string): Promise<string> {
  try {
    const { exitCode, stdout } = await sandbox.exec(["sh", "-s"], {
      stdin: code,
      user: "1000:1000",
      timeoutMs: 5000,
      maxOutputBytes: 64 * 1024,
    });
    return exitCode === 0 ? stdout.trim() : `failed with ${exitCode}`;
  } catch (error) {
    if (isVirtError(error, "TIMEOUT")) return "took too long";
    if (isVirtError(error, "NO_SPACE")) return "wrote too much";
    throw error;
  }
}

for (const code of submissions) console.log(`${code}  =>  ${await judge(code)}`);
