import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { ContainerConfig, Sandbox } from "../../src/index.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { watchCalls } from "../support/calls.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const { processes, uid } = createHost();
// Folders are mounted on the host and served by virtiofsd: both need root.
const canShare = uid === 0 && (await processes.which("virtiofsd")) !== undefined;

let instance: TestInstance;
let onFolder: ContainerConfig;
let sandbox: Sandbox;

beforeEach(async () => {
  instance = await createTestInstance();
  const target = join(instance.folder, "root");
  mkdirSync(target);
  onFolder = { id: "shared", rootFs: { target, mounted: true }, waits: true };
  if (!canShare) return;
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting, onFolder] });
});
afterEach(() => instance[Symbol.asyncDispose]());

async function killDaemon(): Promise<void> {
  const { shareDaemon } = await sandbox.status();
  expect(shareDaemon?.alive).toBe(true);
  const daemon = await processes.identify(shareDaemon?.pid ?? 0);
  if (daemon === undefined) throw new Error("there is no virtiofsd");
  await processes.signal(daemon, "SIGKILL");
  await processes.waitGone(daemon);
}

const dead = { code: "SHARE_DEAD", sandboxId: "sb", phase: "share" };

describe.skipIf(!canShare)("a share whose daemon has ended (needs root and virtiofsd)", () => {
  test("ends the calls under way that use it, and no others", async () => {
    const exec = sandbox.exec(["sleep", "infinity"], { container: "shared" });
    const { process } = await sandbox.enterContainer("shared", { args: ["sleep", "infinity"] });
    const { stdout } = await sandbox.ioStream("shared", process.token);
    const read = new Promise<unknown>((resolve) => stdout.once("error", resolve).resume());
    const pending = [
      refusal(exec),
      refusal(sandbox.waitProcess("shared", process.token)),
      refusal(sandbox.waitProcess("shared", "shared")),
      read,
    ];
    const other = sandbox.exec(["sleep", "infinity"], { container: "c1" });
    await killDaemon();
    for (const error of await Promise.all(pending))
      expect(error).toMatchObject({ ...dead, containerId: "shared" });
    await other.kill();
    expect((await other).exitCode).toBe(137);
  });

  test("is told, and calls that need it fail at once", async () => {
    await killDaemon();
    const { shareDaemon } = await sandbox.status();
    expect(shareDaemon).toMatchObject({ alive: false });
    expect(await instance.another().listSandbox()).toMatchObject([{ shareDaemon }]);
    expect(await sandbox.exec(["echo", "fine"], { container: "c1" })).toMatchObject({
      stdout: "fine\n",
    });
    for (const call of [
      () => sandbox.exec(["true"], { container: "shared" }),
      () => sandbox.createContainer({ ...onFolder, id: "more" }),
      () => sandbox.waitProcess("shared", "shared"),
      () => sandbox.pauseContainer("shared"),
      () => sandbox.processListContainer("shared", { format: "json" }),
      () => sandbox.copyTo("shared", instance.folder, "/copied"),
      () => sandbox.stopContainer("shared"),
    ])
      expect(await refusal(call())).toMatchObject({
        ...dead,
        hint: expect.stringContaining("stop"),
      });
    expect(sandbox.containers().map(({ id }) => id)).toEqual(["c1", "shared"]);
    await sandbox.stopContainer("shared", { force: true });
    expect(await refusal(sandbox.startContainer("shared"))).toMatchObject(dead);
    await sandbox.createContainer({ ...waiting, id: "later" });
    await sandbox.delete({ force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("is not waited for by a stop; a start brings it back", async () => {
    const asked: string[] = [];
    await using other = await createTestInstance({
      agent: {
        answers: {
          destroySandbox: async () => {
            asked.push("destroySandbox");
            return {};
          },
        },
      },
    });
    await sandbox.release();
    sandbox = await other.vc.runSandbox({ id: "sb", containers: [onFolder] });
    await killDaemon();
    await sandbox.stop();
    expect(asked).toEqual([]);
    expect(await sandbox.status()).toMatchObject({ state: "stopped", shareDaemon: undefined });
    await sandbox.start();
    expect((await sandbox.status()).shareDaemon).toMatchObject({ alive: true });
    await sandbox.delete({ force: true });
    expect(await leftovers(other.folder)).toEqual([]);
  });
});

test.skipIf(!canShare)("a share that ends with its VM is not taken for a dead one", async () => {
  const waits = watchCalls("WaitProcess");
  await using other = await createTestInstance({ agent: { faults: [waits.fault] } });
  await using own = await other.vc.runSandbox({ id: "own", containers: [onFolder] });
  const waited = refusal(own.waitProcess("shared", "shared"));
  // Whoever comes to it later finds a container that has ended, and how.
  await waits.asked(1);
  await own.stop({ force: true });
  expect((await waited).code).toBe("SANDBOX_DEAD");
});
