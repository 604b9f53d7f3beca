import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { Sandbox } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";

test("a program that runs a command gets its output and exit code, without a VM", async () => {
  await using instance = await createTestInstance();
  await using sandbox = await instance.vc.runSandbox({
    containers: [{ id: "main", image: "busybox", waits: true }],
  });
  const { stdout, stderr, exitCode } = await sandbox.exec([
    "sh",
    "-c",
    "echo hi; echo no >&2; exit 3",
  ]);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: "hi\n", stderr: "no\n", exitCode: 3 });
});

test("Sandbox.create uses the instance for as long as it lives", async () => {
  const instance = await createTestInstance({
    asDefault: true,
    commands: {
      greet: async ({ args, stdout }) => {
        await stdout.write(`hello ${args[0]}`);
        return 0;
      },
    },
  });
  {
    await using sandbox = await Sandbox.create();
    expect((await sandbox.exec(["greet", "you"])).stdout).toBe("hello you");
    await using found = await Sandbox.fetch(sandbox.id);
    expect((await found.status()).state).toBe("running");
  }
  expect(await instance.vc.listSandbox()).toEqual([]);
  await instance[Symbol.asyncDispose]();
  expect(existsSync(instance.folder)).toBe(false);
});
