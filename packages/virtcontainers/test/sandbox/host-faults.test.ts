import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { VirtError } from "../../src/errors.ts";
import { Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const root = process.getuid?.() === 0;
const containers = [waiting, { id: "c2", image: "busybox", waits: true, scratchMiB: 16 }];

let instance: TestInstance;
let state: string;
beforeEach(async () => {
  instance = await createTestInstance();
  state = join(instance.folder, "state");
  mkdirSync(state, { mode: 0o711 });
});
afterEach(async () => {
  vi.useRealTimers();
  await instance[Symbol.asyncDispose]();
});

const left = async (): Promise<string[]> =>
  (await leftovers(instance.folder)).filter((what) => what !== `mount ${state}`);

/** The state's folder on a small file system, and how to fill it but for some KiB. */
function smallState(): Disposable & { leave: (kib: number) => void } {
  const sizeKib = 2048;
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeKib}k,mode=711`, "tmpfs", state]);
  const ballast = join(state, "ballast");
  return {
    leave: (kib) => {
      rmSync(ballast, { force: true });
      const free = execFileSync("df", ["--output=avail", "-k", state], { encoding: "utf8" });
      const fill = Number(free.split("\n")[1]) - kib;
      writeFileSync(ballast, Buffer.alloc(fill * 1024));
    },
    [Symbol.dispose]: () => void execFileSync("umount", [state]),
  };
}

describe.skipIf(!root)("a full disk under the state (needs root for a small file system)", () => {
  test("at any write of a create ends it typed, and nothing is left", async () => {
    using disk = smallState();
    let failed = 0;
    for (let kib = 0; ; kib += 4) {
      disk.leave(kib);
      const run = instance.vc.runSandbox({ id: "sb", containers });
      const outcome = await run.catch((error: unknown) => error);
      if (outcome instanceof Sandbox) {
        await outcome.delete({ force: true });
        break;
      }
      expect(outcome).toBeInstanceOf(VirtError);
      failed++;
      expect(outcome).toMatchObject({ code: expect.stringMatching(/^(NO_SPACE|HOST_FAILED)$/) });
      expect(await left()).toEqual([]);
    }
    expect(failed).toBeGreaterThan(4);
    expect(await left()).toEqual([]);
  });

  test("is no obstacle to a command, a stop or a delete", async () => {
    using disk = smallState();
    for (const id of ["one", "two"]) await instance.vc.runSandbox({ id, containers });
    disk.leave(0);
    await using one = await instance.vc.fetchSandbox("one");
    expect((await one.exec(["echo", "fine"])).stdout).toBe("fine\n");
    // That it was stopped could not be noted, but it is.
    expect(await refusal(one.stop())).toMatchObject({ code: "NO_SPACE" });
    expect(await one.status()).toMatchObject({ state: "stopped", vmm: undefined });
    expect((await left()).filter((what) => /^(process|mount) /.test(what))).toHaveLength(1);
    await instance.vc.deleteSandbox("one", { force: true });
    disk.leave(0);
    await instance.vc.deleteSandbox("two", { force: true });
    expect(await left()).toEqual([]);
  });
});

test.skipIf(!root)(
  "a state that can only be read is listed and used; a create is refused",
  async () => {
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers });
    execFileSync("mount", ["--bind", state, state]);
    try {
      execFileSync("mount", ["-o", "remount,ro,bind", state]);
      expect(await instance.another().listSandbox()).toMatchObject([
        { id: "sb", state: "running" },
      ]);
      expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
      const error = await refusal(instance.vc.createSandbox({ id: "more", containers }));
      expect(error.code).toBe("HOST_FAILED");
      expect(error.message).toContain(join(state, "sbs", "more"));
      await refusal(instance.vc.deleteSandbox("sb", { force: true }));
    } finally {
      execFileSync("umount", [state]);
    }
    await instance.vc.deleteSandbox("sb", { force: true });
    expect(await left()).toEqual([]);
  },
);

test("a clock that is set back by a day in the middle holds nothing up", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  await using sandbox = await instance.vc.runSandbox({ id: "sb", containers });
  const events = instance.vc.events();
  const oom = events.next();
  instance.agent("sb").outOfMemory("c2");
  expect((await oom).value).toMatchObject({ type: "oom", containerId: "c2" });
  vi.setSystemTime(Date.now() - 86_400_000);
  const late = await refusal(sandbox.exec(["sleep", "infinity"], { timeoutMs: 50 }));
  expect(late.code).toBe("TIMEOUT");
  await sandbox.stopContainer("c2").catch(() => {});
  await sandbox.startContainer("c2");
  instance.agent("sb").outOfMemory("c2");
  for await (const event of events) if (event.type === "oom") break;
  expect(await instance.vc.listSandbox()).toMatchObject([{ id: "sb", state: "running" }]);
  await sandbox.stop();
  await sandbox.start();
  expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
  await sandbox.delete({ force: true });
});

test("two processes that delete one sandbox at once: it is gone, and neither hangs", async () => {
  const { vc } = instance;
  await (await vc.runSandbox({ id: "sb", containers })).release();
  const deletes = [vc, instance.another()].map((each) => each.deleteSandbox("sb", { force: true }));
  const outcomes = await Promise.allSettled(deletes);
  expect(outcomes.some(({ status }) => status === "fulfilled")).toBe(true);
  for (const outcome of outcomes)
    if (outcome.status === "rejected") expect(outcome.reason.code).toBe("SANDBOX_NOT_FOUND");
  expect(await left()).toEqual([]);
});
