import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type AgentClient, agentClient } from "./support/agent-client.ts";
import { guestImage } from "./support/guest-image.ts";
import { guestShell } from "./support/guest-shell.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let folder: string;
let sandbox: Sandbox;
let client: AgentClient;

/** Writes the state that it is given to a file; does what the container's annotation asks for. */
const hook = (kind: string) => `#!/usr/bin/sh
cat > /run/state
cp /run/state /run/${kind}-$(sed 's/.*"id" *: *"\\([^"]*\\)".*/\\1/' /run/state | tr -d '\\n')
grep -q ${kind}-fails /run/state && exit 3
grep -q ${kind}-hangs /run/state && sleep 1000
exit 0
`;

const container = (id: string, does = "") => ({
  id,
  image: "busybox",
  waits: true,
  annotations: { does },
});

beforeAll(async () => {
  instance = await testInstance();
  folder = mkdtempSync(join(tmpdir(), "vc-guest-"));
  chmodSync(folder, 0o755);
  const kinds = ["prestart", "poststart", "poststop"];
  const programs = Object.fromEntries(kinds.map((kind) => [`hooks/${kind}/10-tell`, hook(kind)]));
  const imagePath = await guestImage(folder, programs);
  sandbox = await instance.vc.runSandbox({
    hypervisorConfig: { memoryMiB: 256, imagePath, guestHookPath: "/hooks" },
    enableAgentPidNs: true,
    containers: [container("main")],
  });
  client = await agentClient(instance.stateDir, sandbox.id, 7);
});
afterAll(async () => {
  await client?.[Symbol.asyncDispose]();
  await instance[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
  expect(leftovers(instance)).toEqual([]);
});

async function state(kind: string, id: string): Promise<Record<string, unknown>> {
  return JSON.parse(await guestShell(client, `cat /run/${kind}-${id}`));
}

test("hooks of the guest get the container's state, before and after its start and at its end", async () => {
  await sandbox.createContainer(container("told"));
  expect(await state("prestart", "told")).toMatchObject({
    id: "told",
    status: expect.stringMatching(/^creat/),
    pid: expect.any(Number),
    bundle: "/run/kata-containers/told",
    annotations: { does: "" },
  });
  expect(await guestShell(client, "ls /run")).not.toContain("poststart-told");
  await sandbox.startContainer("told");
  expect(await state("poststart", "told")).toMatchObject({ id: "told", status: "running" });
  await sandbox.stopContainer("told");
  expect(await state("poststop", "told")).toMatchObject({ id: "told", status: "stopped" });
  await sandbox.deleteContainer("told");
});

test("a hook before the start that fails, or does not end, refuses the container", async () => {
  await expect(sandbox.createContainer(container("c-fails", "prestart-fails"))).rejects.toThrow();
  await expect(sandbox.createContainer(container("c-hangs", "prestart-hangs"))).rejects.toThrow();
  expect(sandbox.containers().map(({ id }) => id)).toEqual(["main"]);
  expect(await guestShell(client, "ls /run/kata-containers; ps")).not.toMatch(
    /c-fails|c-hangs|1000/,
  );
  await sandbox.createContainer(container("late", "poststart-fails poststop-fails"));
  await sandbox.startContainer("late");
  await sandbox.stopContainer("late");
  await sandbox.deleteContainer("late");
});

test("in the agent's pid namespace a container sees all of the guest, and ends as a whole", async () => {
  expect((await sandbox.exec(["cat", "/proc/1/comm"])).stdout).toBe("init\n");
  expect((await sandbox.exec(["sh", "-c", "kill -9 1; readlink /proc/1/root"])).exitCode).toBe(1);
  const endOfFirst = "kill $(ps -o pid,args | awk '/sleep 432[2]/ {print $1}')";
  const running = async () => (await sandbox.exec(["ps", "-o", "args"])).stdout;
  const start = async (id: string): Promise<void> => {
    const args = ["sh", "-c", "setsid sleep 4321 & exec sleep 4322"];
    await sandbox.createContainer({ id, image: "busybox", cmd: { args } });
    await sandbox.startContainer(id);
    await vi.waitUntil(async () => (await running()).includes("sleep 4321"), 10_000);
    const list = await sandbox.processListContainer(id, { format: "json" });
    expect(JSON.parse(list)).toHaveLength(2);
  };
  for (const [id, end, code] of [
    ["first", () => sandbox.exec(["sh", "-c", endOfFirst]), 143],
    ["second", () => sandbox.killContainer("second", "SIGKILL", true), 137],
  ] as const) {
    await start(id);
    const exit = sandbox.waitProcess(id, id);
    await end();
    expect(await exit).toBe(code);
    await vi.waitUntil(async () => !(await running()).includes("sleep 432"), 10_000);
    await sandbox.stopContainer(id);
    await sandbox.deleteContainer(id);
  }
});

test("modules are loaded with their parameters, and one that is missing is named", async () => {
  await using debian = await testInstance({ kernel: "debian" });
  const config = (kernelModules: string[]) => ({
    agentConfig: { kernelModules },
    containers: [container("main")],
  });
  const loaded = await debian.vc.runSandbox(config(["loop max_loop=3", "overlay"]));
  const parameter = "/sys/module/loop/parameters/max_loop";
  expect((await loaded.exec(["cat", parameter])).stdout).toBe("3\n");
  await loaded.delete({ force: true });
  await expect(debian.vc.runSandbox(config(["no_such_module"]))).rejects.toThrow(
    "kernel module no_such_module: not in the guest",
  );
});
