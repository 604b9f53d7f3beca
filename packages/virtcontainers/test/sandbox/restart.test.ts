import { describe, expect, test } from "vitest";
import { VirtError } from "../../src/index.ts";
import {
  createTestInstance,
  type MockFailure,
  type TestInstance,
} from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const logger = {
  id: "job",
  image: "busybox",
  cmd: { args: ["sh", "-c", "echo one; exit 4"], detach: true },
};

async function start(instance: TestInstance) {
  return await instance.vc.runSandbox({ id: "sb", containers: [waiting, logger] });
}

describe("a sandbox that was stopped", () => {
  test("starts anew: another VM, its containers made again", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    const first = await sandbox.status();
    const agent = instance.agent("sb");
    await sandbox.waitProcess("job", "job");
    await sandbox.stop();
    expect((await sandbox.status()).containersStatus).toMatchObject([
      { id: "c1", state: "stopped", exitCode: 137 },
      { id: "job", state: "stopped", exitCode: 4 },
    ]);
    await sandbox.start();
    const second = await sandbox.status();
    expect(second).toMatchObject({ state: "running", createdAt: first.createdAt });
    expect(second.vmm?.pid).not.toBe(first.vmm?.pid);
    expect(second.containersStatus[0]).toMatchObject({ state: "running", exitCode: undefined });
    expect(instance.agent("sb")).not.toBe(agent);
    expect((await sandbox.exec(["echo", "anew"])).stdout).toBe("anew\n");
    expect(await sandbox.waitProcess("job", "job")).toBe(4);
    await sandbox.delete({ force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("holds nothing of the host but its folder and its images", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    await sandbox.stop();
    await sandbox.stop();
    const left = await leftovers(instance.folder);
    expect(left.filter((path) => !path.startsWith("/"))).toEqual([]);
    expect(left).toHaveLength(2);
    const error = await refusal(instance.vc.images.remove("busybox"));
    expect(error.code).toBe("BUSY");
  });

  test("asks the guest, and then ends the VM", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    await sandbox.stop();
    expect(instance.agent("sb").calls("DestroySandbox")).toBe(1);
  });

  test("by force does not ask", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    await sandbox.stop({ force: true });
    expect(instance.agent("sb").calls("DestroySandbox")).toBe(0);
    expect((await sandbox.status()).state).toBe("stopped");
  });

  test("whose start fails is stopped still, without a VM, and can be started later", async () => {
    const failures: Record<string, MockFailure> = {};
    await using instance = await createTestInstance({ failures });
    await using sandbox = await start(instance);
    await sandbox.stop();
    for (const call of ["start", "started", "connectAgent"]) {
      failures[call] = new VirtError("HYPERVISOR_FAILED", "not today");
      expect((await refusal(sandbox.start())).message).toBe("not today");
      delete failures[call];
      expect(await sandbox.status()).toMatchObject({ state: "stopped", vmm: undefined });
      expect((await leftovers(instance.folder)).filter((p) => p.startsWith("process"))).toEqual([]);
    }
    await sandbox.start();
    expect((await sandbox.exec(["echo", "later"])).stdout).toBe("later\n");
  });

  test("whose container can't be started is stopped again", async () => {
    await using instance = await createTestInstance({
      agent: {
        faults: [{ at: "StartContainer", nth: 2, does: { kind: "error", code: "internal" } }],
      },
    });
    await using sandbox = await instance.vc.createSandbox({
      id: "sb",
      containers: [waiting, logger],
    });
    const error = await refusal(sandbox.start());
    expect(error).toMatchObject({ code: "AGENT_ERROR", containerId: "job" });
    expect(await sandbox.status()).toMatchObject({ state: "stopped", vmm: undefined });
  });
});

describe("two processes at once", () => {
  test("start and stop take turns", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    const other = instance.another();
    await Promise.all([
      sandbox.stop(),
      other.stopSandbox("sb").then((s) => s.release()),
      sandbox.status(),
    ]);
    expect((await other.statusSandbox("sb")).state).toBe("stopped");
    const results = await Promise.allSettled([
      sandbox.start(),
      other.startSandbox("sb").then((s) => s.release()),
    ]);
    expect(results.map((r) => r.status).sort()).toEqual(["fulfilled", "rejected"]);
    expect((await sandbox.status()).state).toBe("running");
  });

  test("one that has deleted it is felt by the other", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await start(instance);
    await instance.another().deleteSandbox("sb", { force: true });
    expect((await refusal(sandbox.status())).code).toBe("SANDBOX_NOT_FOUND");
    expect((await refusal(sandbox.exec(["true"]))).code).toBe("SANDBOX_NOT_FOUND");
  });

  test("twenty execute in one sandbox, over eight ports", async () => {
    await using instance = await createTestInstance();
    await using _sandbox = await start(instance);
    const outputs = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        await using sandbox = await instance.another().fetchSandbox("sb");
        return (await sandbox.exec(["echo", `${i}`])).stdout;
      }),
    );
    expect(outputs).toEqual(Array.from({ length: 20 }, (_, i) => `${i}\n`));
  });
});
