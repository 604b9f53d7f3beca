import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { Sandbox } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { storedPath } from "../support/stored.ts";

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

test("programs that run when their sandbox is deleted harm nobody", async () => {
  const leaver = join(import.meta.dirname, "support/leaver.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", leaver]);
  expect(stdout).toBe("well\n");
});

test("programs end with their machine", async () => {
  await using instance = await createTestInstance();
  const cmd = { args: ["sleep", "infinity"], detach: true };
  const containers = [{ id: "main", image: "busybox", cmd }];
  await instance.vc.runSandbox({ id: "box", containers });
  const { init } = instance.agent("box").containers.get("main") ?? {};
  await instance.vc.deleteSandbox("box", { force: true });
  expect(await init?.exited).toBe(137);
});

test("what a machine writes when its files are gone already is lost, and makes none", async () => {
  await using instance = await createTestInstance();
  const containers = [{ id: "main", image: "busybox", waits: true }];
  await instance.vc.runSandbox({ id: "box", containers });
  const log = storedPath(instance, "box", join("vm", "log.bin"));
  const agent = instance.agent("box");
  agent.outOfMemory("main");
  expect(readFileSync(log)).not.toHaveLength(0);
  rmSync(log);
  agent.outOfMemory("main");
  expect(existsSync(log)).toBe(false);
});
