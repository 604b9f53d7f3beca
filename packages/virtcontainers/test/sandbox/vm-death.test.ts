import { describe, expect, test } from "vitest";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { watchCalls } from "../support/calls.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";
import { editStored } from "../support/stored.ts";

const detached = {
  id: "job",
  image: "busybox",
  cmd: { args: ["sh", "-c", "echo working; exit 4"], detach: true },
};

async function running(instance: TestInstance) {
  return await instance.vc.runSandbox({ id: "sb", containers: [waiting, detached] });
}

describe("a VM that died unseen", () => {
  test("is stopped in status and list; what the log knows of its containers counts", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await running(instance);
    expect(await sandbox.waitProcess("job", "job")).toBe(4);
    await killVm(instance, "sb");
    const status = await sandbox.status();
    expect(status).toMatchObject({ state: "stopped", vmm: undefined });
    expect(status.containersStatus).toMatchObject([
      { id: "c1", state: "stopped", exitCode: 137 },
      { id: "job", state: "stopped", exitCode: 4 },
    ]);
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "sb", state: "stopped" }]);
    expect(await instance.another().statusSandbox("sb")).toEqual(await sandbox.status());
  });

  test("ends the calls under way", async () => {
    const waits = watchCalls("WaitProcess");
    const reads = watchCalls("ReadStdout");
    await using instance = await createTestInstance({
      agent: { faults: [waits.fault, reads.fault] },
    });
    await using sandbox = await running(instance);
    const exec = sandbox.exec(["sleep", "infinity"]);
    const { process } = await sandbox.enterContainer("c1", { args: ["sleep", "infinity"] });
    const io = await sandbox.ioStream("c1", process.token);
    const read = io.stdout.toArray();
    const first = sandbox.waitProcess("c1", "c1");
    const entered = sandbox.waitProcess("c1", process.token);
    for (const promise of [first, entered, read]) promise.catch(() => {});
    // All of them are in the guest's hands: three waits, and the output of both commands.
    await Promise.all([waits.asked(3), reads.asked(2)]);
    await killVm(instance, "sb");
    expect((await refusal(exec)).code).toBe("SANDBOX_DEAD");
    expect((await refusal(entered)).code).toBe("SANDBOX_DEAD");
    expect((await refusal(first)).code).toBe("SANDBOX_DEAD");
    expect((await refusal(read)).code).toBe("SANDBOX_DEAD");
    expect((await refusal(sandbox.exec(["true"]))).code).toBe("SANDBOX_DEAD");
  });

  test("that ended on its own gives the exit code of a waiting caller from its log", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await running(instance);
    await sandbox.waitProcess("job", "job");
    await killVm(instance, "sb");
    expect(await sandbox.waitProcess("job", "job")).toBe(4);
  });

  test("can be started anew, or deleted without force", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await running(instance);
    await killVm(instance, "sb");
    await sandbox.start();
    expect((await sandbox.exec(["echo", "again"])).stdout).toBe("again\n");
    await killVm(instance, "sb");
    await sandbox.delete();
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("is known even if its pid is another process's now", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await running(instance);
    await killVm(instance, "sb");
    editStored(instance, "sb", (stored) => {
      (stored as { vm: { process: { pid: number } } }).vm.process.pid = process.pid;
    });
    expect((await sandbox.status()).state).toBe("stopped");
    await sandbox.delete({ force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});

describe("a VM that dies while it comes up", () => {
  test("fails the create with the phase and the console", async () => {
    const instance: TestInstance = await createTestInstance({
      agent: {
        answers: {
          createSandbox: async () => {
            await killVm(instance, "sb");
            return await new Promise(() => {});
          },
        },
      },
    });
    await using _instance = instance;
    const error = await refusal(running(instance));
    expect(error).toMatchObject({
      code: "BOOT_FAILED",
      sandboxId: "sb",
      consoleTail: "virtc-agent 0.0.0-test starting",
    });
    expect(error.message).toContain("virtc-agent 0.0.0-test starting");
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});
