import { join } from "node:path";
import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { endVmm, watchVmm } from "../../src/hypervisor/ending.ts";
import { testFolder } from "../support/folder.ts";

const host = createHost();

async function vmm(script: string) {
  const child = await host.processes.spawnDetached({
    path: (await host.processes.which("sh")) ?? "",
    args: ["-c", script],
    cwd: "/",
    outputPath: join(await testFolder(), "output"),
  });
  const { gone } = watchVmm(host, "the VMM", child);
  return { child, vmm: { name: "the VMM", sandboxId: "sb", process: child, gone } };
}

test("a VMM that ends by itself in its time is not killed", async () => {
  const { child, vmm: ending } = await vmm("exit 7");
  await endVmm(host, ending, { graceMs: 60_000 });
  expect(await child.exited).toMatchObject({ code: 7, signal: null });
  expect(await ending.gone).toBe("the VMM is gone");
});

test("one that does not is killed, unless whoever asked has called it off", async () => {
  const { child, vmm: ending } = await vmm("kill -STOP $$");
  const signal = AbortSignal.abort(new Error("called off"));
  await expect(endVmm(host, ending, { graceMs: 0, signal })).rejects.toThrow("called off");
  expect(await host.processes.isAlive(child)).toBe(true);
  await endVmm(host, ending, { graceMs: 0 });
  expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
});
