import { describe, expect, test } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";

const counter = { id: "counter", image: "busybox", cmd: { args: ["count"] } };

/** A sandbox with a container that counts, and how often it has. */
async function counting() {
  let count = 0;
  const ticks = new EventTarget();
  const instance = await createTestInstance({
    commands: {
      count: async ({ stdout, signal }) => {
        for (;;) {
          await stdout.write(".");
          count++;
          ticks.dispatchEvent(new Event("tick"));
          await new Promise((resolve) => setImmediate(resolve));
          signal.throwIfAborted();
        }
      },
    },
  });
  const sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting, counter] });
  await sandbox.setOutput("counter", "counter", "discard");
  const next = (): Promise<void> =>
    new Promise((resolve) => ticks.addEventListener("tick", () => resolve(), { once: true }));
  return { instance, sandbox, next, count: () => count };
}

describe("a paused container", () => {
  test("stands still until it is resumed, while the others go on", async () => {
    const { instance, sandbox, next, count } = await counting();
    await using _instance = instance;
    await using _sandbox = sandbox;
    await next();
    const paused = await sandbox.pauseContainer("counter");
    expect(paused.id).toBe("counter");
    const before = count();
    expect((await sandbox.exec(["echo", "here"], { container: "c1" })).stdout).toBe("here\n");
    expect(count()).toBeLessThanOrEqual(before + 1);
    expect(await sandbox.status()).toMatchObject({
      state: "running",
      containersStatus: [
        { id: "c1", state: "running" },
        { id: "counter", state: "paused" },
      ],
    });
    const stats = (await sandbox.statsContainer("counter")).cgroupStats.cpuStats.cpuUsage;
    expect((await sandbox.statsContainer("counter")).cgroupStats.cpuStats.cpuUsage).toEqual(stats);
    const ticked = next();
    await sandbox.resumeContainer("counter");
    await ticked;
    expect((await sandbox.statusContainer("counter")).state).toBe("running");
  });

  test("takes no commands, but can be killed and stopped", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.pauseContainer("c1");
    expect(await refusal(sandbox.exec(["true"]))).toMatchObject({ code: "INVALID_STATE" });
    expect((await refusal(sandbox.pauseContainer("c1"))).message).toContain("it is paused");
    await sandbox.stopContainer("c1");
    expect(await sandbox.statusContainer("c1")).toMatchObject({ state: "stopped", exitCode: 137 });
  });

  test("that dies unseen is stopped in its status", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.pauseContainer("c1");
    instance.agent("sb").outOfMemory("c1");
    expect(await sandbox.statusContainer("c1")).toMatchObject({ state: "stopped", exitCode: 137 });
    expect(await sandbox.getOOMEvent()).toBe("c1");
  });

  test("whose pause never reached the guest can be resumed", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.pauseContainer("c1");
    instance.agent("sb").containers.get("c1")?.freezer.thaw();
    await sandbox.resumeContainer("c1");
    expect((await sandbox.exec(["echo", "up"])).stdout).toBe("up\n");
  });
});

describe("a paused sandbox", () => {
  test("answers nothing, shows its containers as paused, and goes on where it stopped", async () => {
    const { instance, sandbox, next } = await counting();
    await using _instance = instance;
    await using _sandbox = sandbox;
    await sandbox.pauseContainer("counter");
    const exec = sandbox.exec(["sh", "-c", "echo up; cat"], { container: "c1" });
    exec.stdin.write("before, ");
    expect(await exec.lines().next()).toMatchObject({ value: "up" });
    await sandbox.pause();
    const error = await refusal(sandbox.exec(["true"], { container: "c1" }));
    expect(error).toMatchObject({ code: "INVALID_STATE", hint: "Resume it first." });
    expect((await instance.another().statusSandbox("sb")).containersStatus).toMatchObject([
      { id: "c1", state: "paused" },
      { id: "counter", state: "paused" },
    ]);
    exec.stdin.end("after");
    await instance.vc.resumeSandbox("sb");
    expect((await exec).stdout).toBe("up\nbefore, after");
    expect((await sandbox.status()).containersStatus).toMatchObject([
      { id: "c1", state: "running" },
      { id: "counter", state: "paused" },
    ]);
    expect(instance.agent("sb").requests("SetGuestDateTime")).toHaveLength(2);
    const ticked = next();
    await sandbox.resumeContainer("counter");
    await ticked;
  });

  test("whose VM dies unseen is stopped, and can be started or deleted", async () => {
    await using instance = await createTestInstance();
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await sandbox.pause();
    await killVm(instance, "sb");
    expect(await refusal(sandbox.resume())).toMatchObject({
      code: "INVALID_STATE",
      message: "can't resume sandbox sb: it is stopped, and must be paused",
    });
    expect(await sandbox.status()).toMatchObject({
      state: "stopped",
      containersStatus: [{ state: "stopped", exitCode: 137 }],
    });
    await sandbox.start();
    expect((await sandbox.exec(["echo", "again"])).stdout).toBe("again\n");
  });

  test("stays running if the hypervisor refuses", async () => {
    const failures: { pause?: Error } = { pause: new Error("no") };
    await using instance = await createTestInstance({ failures });
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    await expect(sandbox.pause()).rejects.toThrow("no");
    expect((await sandbox.status()).state).toBe("running");
    expect((await sandbox.exec(["echo", "up"])).stdout).toBe("up\n");
  });
});
