import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ContainerConfig, type Sandbox, VirtContainers } from "../../src/index.ts";
import { logCarriers } from "../../src/store/log-carrier.ts";
import {
  type Command,
  createTestImages,
  createTestInstance,
  type TestInstance,
} from "../../src/testing/index.ts";
import { refusal } from "../support/refusal.ts";
import { killVm, waiting } from "../support/sandbox.ts";

/** Writes a line for each line of its steps, when told by SIGUSR1. */
const steps: Command = async ({ args, stdout, stderr, onSignal }) => {
  let go: () => void = () => {};
  onSignal(10, () => go());
  for (const [index, line] of args.entries()) {
    const told = new Promise<void>((resolve) => {
      go = resolve;
    });
    await (index % 2 === 0 ? stdout : stderr).write(`${line}\n`);
    await told;
  }
  return 3;
};

const job = (...lines: string[]): ContainerConfig => ({
  id: "job",
  image: "busybox",
  cmd: { args: ["steps", ...lines], detach: true },
});

async function read(entries: AsyncIterable<{ stream: string; data: Uint8Array }>) {
  const read: string[] = [];
  for await (const { stream, data } of entries) read.push(`${stream} ${Buffer.from(data)}`);
  return read;
}

describe.each(logCarriers)("a log whose carrier is %s", (logCarrier) => {
  let instance: TestInstance;
  beforeEach(async () => {
    instance = await createTestInstance({ commands: { steps }, logCarrier });
  });
  afterEach(() => instance[Symbol.asyncDispose]());

  async function run(...lines: string[]): Promise<Sandbox> {
    return await instance.vc.runSandbox({ id: "sb", containers: [waiting, job(...lines)] });
  }

  test("what a detached container wrote, in order, from another process", async () => {
    await using sandbox = await run("a", "b");
    await sandbox.killContainer("job", "SIGUSR1");
    await sandbox.killContainer("job", "SIGUSR1");
    expect(await sandbox.waitProcess("job", "job")).toBe(3);
    await using other = await instance.another().fetchSandbox("sb");
    expect(await read(other.logs("job"))).toEqual(["stdout a\n", "stderr b\n"]);
    expect(await other.statusContainer("job")).toMatchObject({ logged: true, exitCode: 3 });
  });

  test("followed as it grows, to the end of the container", async () => {
    await using sandbox = await run("a", "b", "c");
    const seen: string[] = [];
    for await (const { data } of sandbox.logs("job", { follow: true })) {
      seen.push(`${Buffer.from(data)}`);
      await sandbox.killContainer("job", "SIGUSR1");
    }
    expect(seen).toEqual(["a\n", "b\n", "c\n"]);
  });

  test("followed to the death of the VM", async () => {
    await using sandbox = await run("a");
    const seen: string[] = [];
    for await (const { data } of sandbox.logs("job", { follow: true })) {
      seen.push(`${Buffer.from(data)}`);
      await killVm(instance, "sb");
    }
    expect(seen).toEqual(["a\n"]);
  });

  test("is there after the stop, and gone with the delete", async () => {
    await using sandbox = await run("a");
    await sandbox.stop();
    expect(await read(sandbox.logs("job"))).toEqual(["stdout a\n"]);
    await sandbox.delete();
    expect((await refusal(read(sandbox.logs("job")))).code).toBe("SANDBOX_NOT_FOUND");
  });

  test("ends by an abort and by a deadline", async () => {
    await using sandbox = await run("a");
    const controller = new AbortController();
    const follow = sandbox.logs("job", { follow: true, signal: controller.signal });
    await follow.next();
    const next = follow.next();
    next.catch(() => {});
    controller.abort();
    expect((await refusal(next)).code).toBe("CANCELED");
    const limited = read(sandbox.logs("job", { follow: true, timeoutMs: 50 }));
    expect((await refusal(limited)).code).toBe("TIMEOUT");
  });

  test("a reader that goes over to the log leaves the rest of the output there", async () => {
    await using sandbox = await instance.vc.runSandbox({ id: "sb", containers: [waiting] });
    const cmd = { args: ["steps", "a", "b", "c"] };
    const container = { id: "job", image: "busybox", cmd };
    await sandbox.createContainer(container);
    const io = await sandbox.ioStream("job", "job");
    const first = new Promise((resolve) => io.stdout.once("data", resolve));
    await sandbox.startContainer("job");
    expect(`${await first}`).toBe("a\n");
    io.stdout.destroy();
    io.stderr.destroy();
    await sandbox.setOutput("job", "job", "log");
    for (let i = 0; i < 3; i++) await sandbox.killContainer("job", "SIGUSR1");
    await sandbox.waitProcess("job", "job");
    expect(await read(sandbox.logs("job"))).toEqual(["stderr b\n", "stdout c\n"]);
  });

  test("the console's last lines", async () => {
    await using sandbox = await run("a");
    expect(await sandbox.consoleTail()).toBe("virtc-agent 0.0.0-test starting");
  });
});

test("what no container wrote stands on no disk, and what did not fit was dropped", async () => {
  const big = "x".repeat(40_000);
  const flood: Command = async ({ stdout }) => {
    for (let index = 0; index < 40; index++) await stdout.write(big);
    return 0;
  };
  await using instance = await createTestInstance({ commands: { flood }, logCarrier: "disk" });
  const cmd = { args: ["flood"], detach: true };
  await using sandbox = await instance.vc.runSandbox({
    id: "sb",
    logLimitMiB: 1,
    containers: [waiting, { id: "job", image: "busybox", cmd }],
  });
  expect(await sandbox.waitProcess("job", "job")).toBe(0);
  const path = join(instance.folder, "state/sbs/sb/vm/log.disk");
  expect((await stat(path)).size).toBe(1024 * 1024);
  const text = (await read(sandbox.logs("job"))).map((line) => line.slice("stdout ".length));
  const whole = text.join("");
  expect(whole.length).toBeGreaterThan(900_000);
  expect(whole).toMatch(/^x+$/);
});

test("a carrier that the driver does not have is refused by its name", async () => {
  await using instance = await createTestInstance({ logCarrier: "disk" });
  const { hypervisor } = instance;
  const capabilities = { ...hypervisor.capabilities, logCarriers: ["serial-file"] } as const;
  const only = new VirtContainers({
    stateDir: join(instance.folder, "other"),
    images: createTestImages(instance.folder),
    hypervisors: { mock: { ...hypervisor, capabilities } },
    logCarrier: "disk",
  });
  const created = only.createSandbox({ hypervisorType: "mock", containers: [waiting] });
  expect(await refusal(created)).toMatchObject({ code: "NOT_SUPPORTED", field: "logCarrier" });
});
