import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Sandbox } from "../../../src/api/sandbox.ts";
import type { NetmonConfig } from "../../../src/config/network/netmon.ts";
import type { SandboxConfig } from "../../../src/config/sandbox.ts";
import { createHost } from "../../../src/host/real.ts";
import { createTestInstance, type TestInstance } from "../../../src/testing/index.ts";
import { testFolder } from "../../support/folder.ts";
import { refusal } from "../../support/refusal.ts";
import { soon } from "../../support/soon.ts";

const { network, processes, uid } = createHost();
const execute = promisify(execFile);

/** A program in the monitor's place: each start of it tells who it is and how it was called. */
async function otherMonitor(folder: string): Promise<{
  path: string;
  started(): Promise<{ pid: number; args: string[] }>;
}> {
  const path = join(folder, "other-monitor");
  const starts = join(folder, "starts");
  await execute("mkfifo", [starts]);
  await writeFile(path, `#!/bin/sh\necho "$$ $*" > ${starts}\nexec sleep infinity\n`);
  await chmod(path, 0o755);
  return {
    path,
    started: async () => {
      const { stdout } = await execute("head", ["-n", "1", starts], { signal: soon() });
      const [pid = "", ...args] = stdout.trim().split(" ");
      return { pid: Number(pid), args };
    },
  };
}

/** Resolves when a process has ended. */
async function gone(pid: number): Promise<void> {
  const identity = await processes.identify(pid);
  if (identity !== undefined) await processes.waitGone(identity, soon());
}

async function followed(
  instance: TestInstance,
  folder: string,
  netmonConfig: NetmonConfig,
): Promise<{ sandbox: Sandbox; netns: string }> {
  const netns = join(folder, "watched");
  onTestFinished(() => network.removeNamespace(netns));
  await network.makeNamespace(netns);
  const networkConfig = { netNSPath: netns, netmonConfig: { enable: true, ...netmonConfig } };
  return { sandbox: await instance.vc.createSandbox({ id: "sb", networkConfig }), netns };
}

describe.skipIf(uid !== 0)("a program in the place of the network monitor (needs root)", () => {
  test("is called as the Go library calls its own, in the sandbox's namespace, and ends with the VM", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const monitor = await otherMonitor(folder);
    const { sandbox, netns } = await followed(instance, folder, { path: monitor.path });
    const { pid, args } = await monitor.started();
    const [, runtime = ""] = args;
    expect(args).toEqual(["-r", runtime, "-s", "sb", "-log", "info"]);
    accessSync(runtime, constants.X_OK);
    const { ino } = statSync(`/proc/${pid}/ns/net`);
    expect(ino).toBe(statSync(netns).ino);
    await sandbox.stop({ force: true });
    await gone(pid);

    // It comes with each VM.
    await sandbox.start();
    const again = await monitor.started();
    await sandbox.delete({ force: true });
    await gone(again.pid);
  });

  test("is told to say more", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const monitor = await otherMonitor(folder);
    await followed(instance, folder, { path: monitor.path, debug: true });
    const { args } = await monitor.started();
    expect(args.slice(2)).toEqual(["-s", "sb", "-d", "-log", "debug"]);
  });

  test("is started again when it is killed, and by the next call when all of it was", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const monitor = await otherMonitor(folder);
    const { sandbox } = await followed(instance, folder, { path: monitor.path });
    const first = await monitor.started();
    process.kill(first.pid, "SIGKILL");
    const second = await monitor.started();
    expect(second.args).toEqual(first.args);
    // Who watches it is the leader of their group, and takes it along.
    const leader = processGroup(second.pid);
    expect(leader).not.toBe(second.pid);
    process.kill(leader, "SIGKILL");
    await gone(second.pid);
    await sandbox.listInterfaces();
    const third = await monitor.started();
    await sandbox.stop({ force: true });
    await gone(third.pid);
  });

  test("that is not there is refused by name, and nothing is made", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const path = join(folder, "no-such-monitor");
    const error = await refusal(followed(instance, folder, { path }), "INVALID_ARGUMENT");
    expect(error).toMatchObject({ field: "networkConfig.netmonConfig.path" });
    expect(error.message).toContain(path);
    expect(await instance.vc.listSandbox()).toEqual([]);
  });

  test("is not there unless it is asked for", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const { path } = await otherMonitor(folder);
    await followed(instance, folder, { path, enable: false });
    const ledger = await readFile(join(folder, "state/sbs/sb/ledger"), "utf8");
    expect(ledger).not.toContain("netmon");
  });
});

describe("a network monitor", () => {
  const enable = true;

  test.each([
    [{ disableNewNetNs: true, netmonConfig: { enable } }, "networkConfig.netmonConfig"],
    [{ danConfigPath: "/dan.json", netmonConfig: { enable } }, "networkConfig.netmonConfig"],
    [{ netmonConfig: { enable, path: "monitor" } }, "networkConfig.netmonConfig.path"],
    [{ netmonConfig: { enable, path: "/" } }, "networkConfig.netmonConfig.path"],
  ])("is refused by its field: %j", async (networkConfig, field) => {
    await using instance = await createTestInstance();
    const config: SandboxConfig = { networkConfig };
    expect(await refusal(instance.vc.createSandbox(config), "INVALID_ARGUMENT")).toMatchObject({
      field,
    });
  });

  test("is refused where a VM that runs can be given no link", async () => {
    await using instance = await createTestInstance({ capabilities: { hotPlug: ["disk"] } });
    const networkConfig = { netmonConfig: { enable } };
    await refusal(instance.vc.createSandbox({ networkConfig }), "NOT_SUPPORTED");
  });

  test("of another program is refused without root", async () => {
    const host = createHost();
    const ordinary = { ...host, network: { ...host.network, apart: true } };
    await using instance = await createTestInstance({ host: ordinary });
    const networkConfig = { netmonConfig: { enable, path: "/bin/true" } };
    expect(
      await refusal(instance.vc.createSandbox({ networkConfig }), "NOT_SUPPORTED"),
    ).toMatchObject({ field: "networkConfig.netmonConfig.path" });
  });
});

function processGroup(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
}
