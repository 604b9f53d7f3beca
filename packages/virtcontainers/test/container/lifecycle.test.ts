import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ContainerConfig, Sandbox } from "../../src/index.ts";
import { type Command, createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";
import { editStored } from "../support/stored.ts";

/** Ends with 7 when it gets SIGUSR1. */
const seven: Command = ({ onSignal, signal }) =>
  new Promise((resolve, reject) => {
    onSignal(10, () => resolve(7));
    signal.addEventListener("abort", () => reject(signal.reason));
  });

const image = "busybox";
const job: ContainerConfig = { id: "job", image, cmd: { args: ["seven"] } };

let instance: TestInstance;
let sandbox: Sandbox;
let count = 0;

beforeAll(async () => {
  instance = await createTestInstance({
    commands: { seven },
    images: [
      { name: "app:1", config: { entrypoint: ["echo", "-n"], cmd: ["from", "image"] } },
      { name: "empty" },
    ],
  });
  sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
});
afterAll(async () => {
  await sandbox.release();
  await instance[Symbol.asyncDispose]();
  expect(await leftovers(instance.folder)).toEqual([]);
});

/** A container of its own for one test, started. */
async function started(config: ContainerConfig): Promise<string> {
  const id = `${config.id}-${++count}`;
  await sandbox.createContainer({ ...config, id });
  await sandbox.startContainer(id);
  return id;
}

async function remove(id: string): Promise<void> {
  await sandbox.stopContainer(id);
  await sandbox.deleteContainer(id);
}

describe("a container's life", () => {
  test("created, started, ended by itself, deleted", async () => {
    const created = await sandbox.createContainer({ ...job, annotations: { who: "me" } });
    expect(created).toMatchObject({ id: "job", sandboxId: "sb", token: "job", pid: 0 });
    expect(await sandbox.statusContainer("job")).toMatchObject({
      state: "ready",
      pid: 0,
      image: "busybox",
      cmd: ["seven"],
      annotations: { who: "me" },
      exitCode: undefined,
    });
    const { pid } = await sandbox.startContainer("job");
    expect(pid).toBeGreaterThan(0);
    expect(await sandbox.statusContainer("job")).toMatchObject({ state: "running", pid });
    const waited = sandbox.waitProcess("job", "job");
    await sandbox.killContainer("job", "SIGUSR1");
    expect(await waited).toBe(7);
    expect(await sandbox.statusContainer("job")).toMatchObject({ state: "stopped", exitCode: 7 });
    await sandbox.deleteContainer("job");
    expect(sandbox.getContainer("job")).toBeUndefined();
    expect((await refusal(sandbox.statusContainer("job"))).code).toBe("CONTAINER_NOT_FOUND");
  });

  test("the image's entry point and command are what runs by default", async () => {
    const id = await started({ id: "app", image: "app:1" });
    const io = await sandbox.ioStream(id, id);
    expect(await text(io.stdout)).toBe("from image");
    expect(await sandbox.waitProcess(id, id)).toBe(0);
    await remove(id);
  });

  test("the streams can be taken before the start", async () => {
    await sandbox.createContainer({
      id: "early",
      image,
      cmd: { args: ["cat"], interactive: true },
    });
    const io = await sandbox.ioStream("early", "early");
    const output = text(io.stdout);
    await sandbox.startContainer("early");
    io.stdin.end("to and fro");
    expect(await output).toBe("to and fro");
    await remove("early");
  });

  test("one that was stopped starts anew", async () => {
    const id = await started(job);
    expect(await sandbox.stopContainer(id)).toMatchObject({ id });
    expect(await sandbox.statusContainer(id)).toMatchObject({ state: "stopped", exitCode: 137 });
    await sandbox.stopContainer(id);
    await sandbox.startContainer(id);
    expect(await sandbox.statusContainer(id)).toMatchObject({
      state: "running",
      exitCode: undefined,
    });
    await remove(id);
  });

  test("one that ended unseen is known to have ended, and starts anew", async () => {
    const id = await started(job);
    // The end reaches nobody on the host: only the guest knows.
    const before = Date.now();
    instance.agent("sb").containers.get(id)?.init.signal(10);
    const { exitedAt, ...status } = await sandbox.statusContainer(id);
    expect(status).toMatchObject({ state: "stopped", exitCode: 7 });
    expect(Date.parse(exitedAt ?? "")).toBeGreaterThanOrEqual(before);
    expect((await refusal(sandbox.enterContainer(id, { args: ["true"] }))).message).toContain(
      "not running",
    );
    await sandbox.startContainer(id);
    expect(await sandbox.statusContainer(id)).toMatchObject({ state: "running" });
    await remove(id);
  });

  test("its disks go with it", async () => {
    const disks = async () =>
      (await leftovers(instance.folder)).length + Object.keys(await drives()).length;
    const before = await disks();
    const id = await started({ ...waiting, id: "disk", scratchMiB: 16 });
    expect(await disks()).toBe(before + 3);
    await remove(id);
    expect(await disks()).toBe(before);
  });

  async function drives(): Promise<Record<string, unknown>> {
    let found: Record<string, unknown> = {};
    editStored(instance, "sb", (stored) => {
      found = { ...(stored as { vm: { devices: Record<string, unknown> } }).vm.devices };
    });
    return found;
  }
});

describe("what is refused, with nothing changed", () => {
  test.each<[string, ContainerConfig, string, string]>([
    ["an id in use", waiting, "ALREADY_EXISTS", "c1"],
    ["an image that is not there", { ...job, image: "nothing" }, "IMAGE_NOT_FOUND", "nothing"],
    ["no command at all", { id: "xx", image: "empty" }, "INVALID_ARGUMENT", "container.cmd.args"],
    [
      "a program that is not there",
      { ...job, cmd: { args: ["nope"] } },
      "COMMAND_NOT_FOUND",
      "nope",
    ],
    [
      "a user that is not there",
      { ...job, cmd: { args: ["cat"], user: "eve" } },
      "INVALID_ARGUMENT",
      "eve",
    ],
    ["an id that can't be", { ...job, id: "../x" }, "INVALID_ARGUMENT", "id"],
    [
      "a folder root without a share",
      { id: "xx", rootFs: { target: "/", mounted: true } },
      "NOT_SUPPORTED",
      "virtio-fs",
    ],
  ])("%s", async (_what, config, code, says) => {
    const before = await sandbox.status();
    const error = await refusal(sandbox.createContainer(config));
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toContain(says);
    expect(await sandbox.status()).toEqual(before);
    expect([...instance.agent("sb").containers.keys()]).toEqual(["c1"]);
  });

  test.each<[string, (sandbox: Sandbox, id: string) => Promise<unknown>, string]>([
    [
      "a start of a running one",
      (s, id) => s.startContainer(id),
      "it is running, and must be ready or stopped",
    ],
    [
      "a delete of a running one",
      (s, id) => s.deleteContainer(id),
      "it is running, and must be ready or stopped",
    ],
  ])("%s", async (_what, act, says) => {
    const error = await refusal(act(sandbox, "c1"));
    expect(error).toMatchObject({ code: "INVALID_STATE", containerId: "c1" });
    expect(error.message).toContain(says);
  });

  test.each<[string, (sandbox: Sandbox) => Promise<unknown>]>([
    ["startContainer", (s) => s.startContainer("no")],
    ["stopContainer", (s) => s.stopContainer("no")],
    ["deleteContainer", (s) => s.deleteContainer("no")],
    ["enterContainer", (s) => s.enterContainer("no", { args: ["true"] })],
    ["killContainer", (s) => s.killContainer("no", "SIGKILL")],
    ["statusContainer", (s) => s.statusContainer("no")],
    ["waitProcess", (s) => s.waitProcess("no", "no")],
    ["winsizeProcess", (s) => s.winsizeProcess("no", "no", 1, 1)],
    ["ioStream", (s) => s.ioStream("no", "no")],
    ["setOutput", (s) => s.setOutput("no", "no", "log")],
    ["logs", (s) => s.logs("no")[Symbol.asyncIterator]().next()],
  ])("%s of an unknown container", async (_what, act) => {
    expect(await refusal(act(sandbox))).toMatchObject({
      code: "CONTAINER_NOT_FOUND",
      sandboxId: "sb",
      containerId: "no",
    });
  });

  test.each<[string, (sandbox: Sandbox) => Promise<unknown>]>([
    ["waitProcess", (s) => s.waitProcess("c1", "nobody")],
    ["signalProcess", (s) => s.signalProcess("c1", "nobody", "SIGTERM")],
    ["winsizeProcess", (s) => s.winsizeProcess("c1", "nobody", 1, 1)],
    ["setOutput", (s) => s.setOutput("c1", "nobody", "log")],
  ])("%s of an unknown process", async (_what, act) => {
    expect(await refusal(act(sandbox))).toMatchObject({
      code: "PROCESS_NOT_FOUND",
      containerId: "c1",
      processId: "nobody",
    });
  });

  test.each(["SIGNOPE", 0, 65, -1, 1.5, Number.NaN])("the signal %s", async (signal) => {
    const error = await refusal(sandbox.killContainer("c1", signal as NodeJS.Signals));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", field: "signal" });
  });
});

describe("processes", () => {
  test("two connections wait for one process, and both learn its exit code", async () => {
    const id = await started(job);
    await using other = await instance.another().fetchSandbox("sb");
    // Four waits that begin at once, over two connections.
    const waits = [sandbox, other].flatMap((s) => [s.waitProcess(id, id), s.waitProcess(id, id)]);
    await other.killContainer(id, "SIGUSR1");
    expect(await Promise.all(waits)).toEqual([7, 7, 7, 7]);
    expect(instance.agent("sb").connections).toBe(2);
    await remove(id);
  });

  test("a wait for one that has ended is answered at once", async () => {
    const id = await started({ id: "short", image, cmd: { args: ["sh", "-c", "exit 9"] } });
    expect(await sandbox.waitProcess(id, id)).toBe(9);
    expect(await sandbox.waitProcess(id, id)).toBe(9);
    await remove(id);
  });

  test("a signal to all reaches the processes that were entered too", async () => {
    const id = await started(waiting);
    const { process } = await sandbox.enterContainer(id, { args: ["seven"] });
    const waited = sandbox.waitProcess(id, process.token);
    await sandbox.killContainer(id, "SIGUSR1", true);
    expect(await waited).toBe(7);
    await remove(id);
  });

  test("the death of the first one takes the others with it", async () => {
    const id = await started(waiting);
    const { process } = await sandbox.enterContainer(id, { args: ["sleep", "infinity"] });
    const waited = sandbox.waitProcess(id, process.token);
    await sandbox.killContainer(id, "SIGKILL");
    expect(await waited).toBe(137);
    await remove(id);
  });

  test("what another process adds and removes is seen", async () => {
    await using other = await instance.another().fetchSandbox("sb");
    await sandbox.createContainer({ ...waiting, id: "mine" });
    await other.createContainer({ ...waiting, id: "theirs" });
    await sandbox.createContainer({ ...waiting, id: "third" });
    const ids = (await other.status()).containersStatus.map((container) => container.id);
    expect(ids).toEqual(["c1", "mine", "theirs", "third"]);
    // Each has a disk of its own in the guest, whoever plugged it.
    let drives = {};
    editStored(instance, "sb", (stored) => {
      drives = (stored as { vm: { devices: object } }).vm.devices;
    });
    expect(Object.keys(drives)).toHaveLength(4);
    expect(new Set(Object.values(drives).map((a) => JSON.stringify(a))).size).toBe(4);
    for (const id of ["mine", "theirs", "third"]) await sandbox.deleteContainer(id);
  });
});
