import type { Sandbox, VirtContainersOptions } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

type Carrier = NonNullable<VirtContainersOptions["logCarrier"]>;
const carriers: Carrier[] = ["serial-file", "disk"];

describe.each(carriers)("a real guest's log whose carrier is %s", (logCarrier) => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ logCarrier });
  });
  afterAll(() => instance[Symbol.asyncDispose]());

  async function run(script: string, exitWith?: string): Promise<Sandbox> {
    return await instance.vc.runSandbox({
      exitWith,
      containers: [
        { id: "job", image: "busybox", cmd: { args: ["sh", "-c", script], detach: true } },
      ],
    });
  }

  async function textOf(sandbox: Sandbox, follow: boolean): Promise<string> {
    let text = "";
    for await (const { data } of sandbox.logs("job", { follow })) text += Buffer.from(data);
    return text;
  }

  test("is followed to the end of the container, whose exit code outlives the VM", async () => {
    const script = "for i in 1 2 3; do echo line $i; sleep 0.2; done; exit 5";
    const sandbox = await run(script, "job");
    expect(await textOf(sandbox, true)).toBe("line 1\nline 2\nline 3\n");
    expect(await sandbox.waitProcess("job", "job")).toBe(5);
    expect(await textOf(sandbox, false)).toBe("line 1\nline 2\nline 3\n");
    await sandbox.delete({ force: true });
    expect(leftovers(instance)).toEqual([]);
  });

  test("loses and changes nothing of four megabytes, zeros in them too", async () => {
    const script = "seq 1 400000; head -c 1000000 /dev/zero; echo end";
    const sandbox = await run(script);
    const text = await textOf(sandbox, true);
    const lines = Array.from({ length: 400_000 }, (_, index) => `${index + 1}\n`).join("");
    expect(text.length).toBe(lines.length + 1_000_000 + 4);
    expect(text === `${lines}${"\0".repeat(1_000_000)}end\n`).toBe(true);
    await sandbox.delete({ force: true });
  });
});
