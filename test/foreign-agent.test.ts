import { join } from "node:path";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHost } from "../packages/virtcontainers/src/host/real.ts";
import { createQemu } from "../packages/virtcontainers/src/hypervisor/qemu/index.ts";
import { silentLogger } from "../packages/virtcontainers/src/log.ts";
import { makeBusyboxImage } from "./support/images.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { withReferenceAgents } from "./support/reference-agent.ts";
import { hybridVsock } from "./support/transport.ts";

let instance: TestInstance;
let sandbox: Sandbox;

beforeAll(async () => {
  const qemu = withReferenceAgents(createQemu(createHost(), silentLogger));
  instance = await testInstance({ hypervisors: { qemu } });
  const layout = join(instance.dataDir, "layout");
  const extra = [
    { path: "etc/passwd", content: "root:x:0:0::/:\nweb:x:33:34::/:\n" },
    { path: "etc/group", content: "root:x:0:\nwww:x:34:\nlog:x:50:web\n" },
  ];
  await makeBusyboxImage(layout, {
    name: "app",
    extra,
    config: { Env: ["PATH=/bin"], User: "web" },
  });
  await instance.vc.images.import(layout, { name: "app" });
  sandbox = await instance.vc.runSandbox({
    id: "foreign",
    hypervisorConfig: { ...hybridVsock(), memoryMiB: 256 },
    containers: [{ id: "main", image: "app", cmd: { args: ["sleep", "100000"] } }],
  });
});
afterAll(async () => {
  await sandbox?.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
  await instance[Symbol.asyncDispose]();
});

test("users by name have their numbers and groups in the guest", async () => {
  const script = "id -u; id -g; grep Groups /proc/self/status; stat -c %u:%g /proc/1";
  const shell = ["sh", "-c", script];
  expect((await sandbox.exec(shell)).stdout).toBe("33\n34\nGroups:\t34 50 \n33:34\n");
  expect((await sandbox.exec(shell, { user: "root" })).stdout).toMatch(/^0\n0\nGroups:\t0 \n/);
  expect((await sandbox.exec(shell, { user: "web:log" })).stdout).toMatch(
    /^33\n50\nGroups:\t50 \n/,
  );
  await expect(sandbox.exec(["id"], { user: "nobody" })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "cmd.user",
  });
});

test("commands have their output, input, terminal and exit code", async () => {
  const much = await sandbox.exec(["sh", "-c", "seq 1 200000; echo end >&2; exit 3"]);
  expect([much.exitCode, much.stdout.length, much.stderr]).toEqual([3, 1_288_895, "end\n"]);
  const upper = await sandbox.exec(["tr", "a-z", "A-Z"], { stdin: "through\n" });
  expect(upper.stdout).toBe("THROUGH\n");
  const terminal = await sandbox.exec(["sh", "-c", "tty; exit 5"], { tty: true });
  expect([terminal.exitCode, terminal.stdout.trim()]).toEqual([5, "/dev/pts/0"]);
  await expect(sandbox.exec(["nosuchprogram"])).rejects.toMatchObject({
    code: "COMMAND_NOT_FOUND",
  });
  const pids = await sandbox.exec(["sh", "-c", "echo $$; cat /proc/1/comm"]);
  expect(pids.stdout).toMatch(/^\d+\nsleep\n$/);
});

test("a command that is called off is gone", async () => {
  const calling = new AbortController();
  const command = sandbox.exec(["sh", "-c", "echo up; exec sleep 4321"], {
    signal: calling.signal,
  });
  for await (const line of command.lines()) {
    expect(line).toBe("up");
    calling.abort();
    break;
  }
  await expect(command).rejects.toThrow();
  const others = "grep -ls 'sleep.[4]321' /proc/[0-9]*/cmdline; echo done";
  expect((await sandbox.exec(["sh", "-c", others])).stdout).toBe("done\n");
});

test("a second container is plugged in, measured, paused, limited and removed", async () => {
  const args = ["sh", "-c", "cat /proc/1/comm; exit 7"];
  await sandbox.createContainer({ id: "job", image: "busybox", cmd: { args } });
  const io = await sandbox.ioStream("job", "job");
  await sandbox.startContainer("job");
  let text = "";
  for await (const chunk of io.stdout) text += chunk;
  io.stderr.resume();
  expect([text, await sandbox.waitProcess("job", "job")]).toEqual(["sh\n", 7]);
  await sandbox.stopContainer("job");
  await sandbox.deleteContainer("job");
  await sandbox.updateContainer("main", { pids: { limit: 50 } });
  await sandbox.pauseContainer("main");
  await sandbox.resumeContainer("main");
  const { cgroupStats } = await sandbox.statsContainer("main");
  expect(cgroupStats?.pidsStats.limit).toBe(50);
});

test("what it has no words for is refused", async () => {
  const job = { id: "job", image: "busybox", cmd: { args: ["true"], detach: true } };
  await expect(sandbox.createContainer(job)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    field: "cmd.detach",
  });
  await expect(sandbox.openConsole()).rejects.toMatchObject({ code: "NOT_SUPPORTED" });
});
