import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LogRecordDecoder } from "@virtcontainers/agent-protocol/ports";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type AgentClient, agentClient } from "./support/agent-client.ts";
import { guestShell } from "./support/guest-shell.ts";
import { type TestInstance, testInstance } from "./support/instance.ts";

let instance: TestInstance;
let sandbox: Sandbox;
let client: AgentClient;

beforeAll(async () => {
  instance = await testInstance();
  sandbox = await instance.vc.runSandbox({
    hypervisorConfig: { numVCPUs: 2, memoryMiB: 256 },
    // Debian's kernel has no loop devices without it.
    agentConfig: { kernelModules: ["loop"] },
    containers: [{ id: "main", image: "busybox", waits: true }],
  });
  client = await agentClient(instance.stateDir, sandbox.id, 7);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await instance[Symbol.asyncDispose]();
});

const guest = (script: string): Promise<string> => guestShell(client, script);

test("the agent names what it offers, and takes little memory", async () => {
  const { agentDetails } = await client.agent.getGuestDetails({});
  expect(agentDetails?.extraFeatures).toEqual(
    expect.arrayContaining(["offsets", "processes", "console", "events", "cpus"]),
  );
  const kib = Number(/VmRSS:\s+(\d+) kB/.exec(await guest("cat /proc/1/status"))?.[1]);
  expect(kib).toBeGreaterThan(0);
  expect(kib).toBeLessThan(6 * 1024);
});

test("CPUs go offline and come back", async () => {
  expect(await client.extension.setOnlineCpus({ count: 1 })).toMatchObject({ online: [0] });
  expect((await sandbox.exec(["nproc"])).stdout).toBe("1\n");
  expect(await client.extension.setOnlineCpus({ count: 2 })).toMatchObject({ online: [0, 1] });
  expect((await sandbox.exec(["nproc"])).stdout).toBe("2\n");
});

test("much output comes whole by its offsets, over connections that are lost", async () => {
  const process = { containerId: "main", execId: "much" };
  const Args = ["seq", "1", "300000"];
  await client.agent.execProcess({
    ...process,
    process: { Args, Env: ["PATH=/bin"], Cwd: "/" },
    stdinPort: 0xffff_ffff,
  });
  const parts: Buffer[] = [];
  let offset = 0n;
  for (let asks = 0; ; asks++) {
    const request = { ...process, stream: 1, offset, len: 1 << 20 };
    if (asks % 8 === 1) {
      // Nobody takes the answer.
      client.extension.readOutput(request).catch(() => {});
      await client[Symbol.asyncDispose]();
      client = await agentClient(instance.stateDir, sandbox.id, 7);
    }
    const read = await client.extension.readOutput(request);
    expect(read.offset).toBe(offset);
    parts.push(Buffer.from(read.data));
    offset += BigInt(read.data.length);
    if (read.eof) break;
  }
  const expected = Array.from({ length: 300_000 }, (_, n) => `${n + 1}\n`).join("");
  expect(Buffer.concat(parts).toString() === expected).toBe(true);
  expect(await client.agent.waitProcess(process)).toMatchObject({ status: 0 });
});

test("an aborted command ends with all it has started, one that ends by itself leaves what it wants", async () => {
  const sh = (script: string, signal?: AbortSignal) =>
    sandbox.exec(["sh", "-c", script], { ...(signal && { signal }) });
  const args = async (): Promise<string[]> => {
    const { rows } = await client.extension.processTable({ containerId: "main" });
    return rows.map((row) => row.args.join(" ")).filter((line) => line.startsWith("sleep"));
  };
  await sh("setsid sleep 2000 >/dev/null 2>&1 &");
  const other = sandbox.exec(["sleep", "2001"]);
  const abort = new AbortController();
  const goes =
    "setsid sleep 3000 & (setsid sleep 3001 &); env -i setsid sleep 3002 & echo up; wait";
  const aborted = sh(goes, abort.signal);
  for await (const line of aborted.lines()) if (line === "up") break;
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ code: "CANCELED" });
  await vi.waitUntil(async () => !(await args()).some((line) => line.includes("300")), 10_000);
  expect((await args()).sort()).toEqual(["sleep 2000", "sleep 2001"]);
  // A program that looks for its limits in its own group finds the container's.
  expect((await sh("cat /proc/self/cgroup")).stdout).toBe("0::/\n");
  await sh("kill $(pidof sleep)");
  expect(await other).toMatchObject({ exitCode: 143 });
});

test("limits of a running container are changed", async () => {
  await client.agent.updateContainer({
    containerId: "main",
    resources: {
      CPU: { Quota: 90_000n, Period: 100_000n, Shares: 512n, Cpus: "0" },
      Memory: { Limit: 16n << 20n },
      Pids: { Limit: 50n },
    },
  });
  const files = ["cpu.max", "cpuset.cpus", "memory.max", "pids.max"];
  const text = await guest(`cd /sys/fs/cgroup/virtc/main && cat ${files.join(" ")}`);
  expect(text).toBe(`90000 100000\n0\n${16 << 20}\n50\n`);
});

test("a container over its memory is killed in, and that is told on every way", async () => {
  const event = client.agent.getOOMEvent({});
  const { exitCode } = await sandbox.exec(["tail", "/dev/zero"]);
  expect(exitCode).toBe(137);
  expect(await event).toMatchObject({ containerId: "main" });
  const log = readFileSync(join(instance.stateDir, "sbs", sandbox.id, "vm/log.bin"));
  const records = new LogRecordDecoder().push(log);
  expect(records).toMatchObject([{ containerId: "main", stream: "oom" }]);
  const { rows } = await client.extension.processTable({ containerId: "main" });
  expect(rows.map((row) => row.nsPid)).toEqual([1]);
});

test("a paused container stands still until it is resumed", async () => {
  await client.agent.pauseContainer({ containerId: "main" });
  expect(await guest("cat /sys/fs/cgroup/virtc/main/cgroup.freeze")).toBe("1\n");
  await expect(client.agent.pauseContainer({ containerId: "main" })).rejects.toThrow("not running");
  await client.agent.resumeContainer({ containerId: "main" });
  await expect(client.agent.resumeContainer({ containerId: "main" })).rejects.toThrow("not paused");
  expect((await sandbox.exec(["echo", "on"])).stdout).toBe("on\n");
});

test("a disk becomes swap", async () => {
  const made = "dd if=/dev/zero of=/run/swap bs=1M count=4 2>/dev/null && losetup -f";
  const path = (await guest(made)).trim();
  await guest(`losetup ${path} /run/swap`);
  await client.agent.addSwapPath({ path });
  expect(await guest("cat /proc/swaps")).toMatch(new RegExp(`^${path} +partition\\s+4092`, "m"));
});

test.each([
  [false, "192.0.2.1/32"],
  [true, "2001:db8::1/128"],
])(
  "rules of the guest's packet filter are set and told, wrong ones are refused (IPv6: %s)",
  async (isIPv6, source) => {
    const rule = `-A INPUT -s ${source} -p tcp -m tcp --dport 99 -j DROP`;
    await sandbox.setIPTables(isIPv6, `*filter\n${rule}\nCOMMIT\n`);
    expect((await sandbox.getIPTables(isIPv6)).split("\n")).toContain(rule);
    expect((await sandbox.getIPTables(!isIPv6)).split("\n")).not.toContain(rule);
    const wrong = sandbox.setIPTables(isIPv6, "*filter\n-A INPUT -j NOWHERE\nCOMMIT\n");
    await expect(wrong).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("tables-restore"),
    });
    await expect(sandbox.setIPTables(isIPv6, "nonsense\n")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    expect((await sandbox.getIPTables(isIPv6)).split("\n")).toContain(rule);
  },
);

test("what this guest can't do is said", async () => {
  await expect(client.agent.setPolicy({ policy: "x" })).rejects.toMatchObject({
    code: "unimplemented",
  });
  await expect(
    client.agent.resizeVolume({ volumeGuestPath: "/run", size: 1n << 30n }),
  ).rejects.toThrow("tmpfs");
});

test("the default filter of system calls is taken compiled, and is what crun makes of it", async () => {
  const config = await guest("cat /run/kata-containers/main/config.json");
  expect(config).toContain('"run.oci.seccomp_bpf_data"');
  expect(config).not.toContain('"seccomp":');
  const profile = JSON.parse(await guest("cat /usr/lib/virtcontainers/filter/profile.json"));
  // The same filter in other words, which crun has to compile.
  const seccomp = { ...profile, architectures: ["SCMP_ARCH_X86_64"] };
  await sandbox.createContainer({ id: "compiled", image: "busybox", waits: true, seccomp });
  expect(await guest("cat /run/kata-containers/compiled/config.json")).toContain('"seccomp":');
  const programs = ["main", "compiled"].map((id) => `/run/kata-containers/.crun/${id}/seccomp.bpf`);
  expect(await guest(`wc -c < ${programs[0]}; cmp ${programs.join(" ")} && echo same`)).toMatch(
    /^[1-9]\d+\nsame\n$/,
  );
  await sandbox.deleteContainer("compiled");
});
