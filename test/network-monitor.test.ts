/** The process that has a guest follow its namespace, beside whoever made the sandbox. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, watch } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { soon } from "../packages/virtcontainers/test/support/soon.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { connectedTo, joined, run } from "./support/net/connected.ts";
import { cable, smallInternet, webServer } from "./support/net/internet.ts";

const execute = promisify(execFile);

describe.skipIf(process.getuid?.() !== 0)("a network monitor (needs root)", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance();
  });
  afterAll(async () => {
    await instance[Symbol.asyncDispose]();
    expect(leftovers(instance)).toEqual([]);
  });

  test("has the guest follow what comes and goes, also once it was killed, and ends with the VM", async () => {
    const { sandbox: netns, server } = await smallInternet();
    await webServer(server, "monitored");
    const networkConfig = { netNSPath: netns.path, netmonConfig: { enable: true } };
    const sandbox = await connectedTo(instance, netns, "monitored", { networkConfig });
    const log = join(instance.stateDir, "sbs", "monitored", "netmon.log");

    await cable(
      { namespace: netns, name: "eth1", addresses: ["10.8.0.2/24", "fd08::2/64"] },
      { namespace: server, name: "down1", addresses: ["10.8.0.1/24", "fd08::1/64"] },
    );
    await logged(log, { type: "added", name: "eth1" });
    expect(await run(sandbox, "wget", "-qO-", "http://10.8.0.1/")).toContain("monitored");

    // All of it at once; the next call for the sandbox starts it anew, and nothing was missed meanwhile.
    const killed = monitors();
    expect(killed.length).toBeGreaterThan(1);
    for (const pid of killed) kill(pid);
    await netns.ip("link", "del", "eth1");
    await sandbox.listInterfaces();
    await logged(log, { type: "removed", name: "eth1" });
    expect(await run(sandbox, "ip", "link")).not.toContain("eth1");
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "tap0_kata"]);

    await sandbox.stop();
    expect(monitors()).toEqual([]);
  });

  test("of another program has its changes done by the runtime that it is told", async () => {
    const { sandbox: netns, server } = await smallInternet();
    await webServer(server, "asked");
    const other = await otherMonitor();
    const netmonConfig = { enable: true, path: other.path };
    const networkConfig = { netNSPath: netns.path, netmonConfig };
    const sandbox = await connectedTo(instance, netns, "asked", { networkConfig });
    const mac = "02:00:00:00:08:02";
    await cable(
      { namespace: netns, name: "eth1", mac },
      { namespace: server, name: "down1", addresses: ["10.8.0.1/24"] },
    );
    const link = {
      Device: "eth1",
      Name: "eth1",
      IPAddresses: [{ Family: 2, Address: "10.8.0.2", Mask: "24" }],
      Mtu: 1500,
      RawFlags: 69_699,
      HwAddr: mac,
      PciPath: "",
      LinkType: "veth",
    };
    expect(await other.ask("add-iface", link)).toMatchObject({ Name: "eth1", HwAddr: mac });
    expect(await run(sandbox, "wget", "-qO-", "http://10.8.0.1/")).toContain("asked");
    const routes = [
      { Dest: "", Gateway: "10.9.0.1", Device: "eth0", Source: "", Scope: 0 },
      { Dest: "198.51.100.0/24", Gateway: "10.8.0.1", Device: "eth1", Source: "", Scope: 0 },
    ];
    await other.ask("update-routes", routes);
    expect(await run(sandbox, "ip", "route")).toContain("198.51.100.0/24 via 10.8.0.1 dev eth1");
    await other.ask("del-iface", link);
    expect(await run(sandbox, "ip", "link")).not.toContain("eth1");
    await sandbox.delete({ force: true });
    expect(monitors()).toEqual([]);
  });

  /** The processes of all monitors of this instance. */
  const monitors = (): number[] =>
    readdirSync("/proc").flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
        const isOurs =
          environment.includes("VIRTCONTAINERS_NETMON_OPTIONS=") &&
          environment.includes(`"${instance.stateDir}"`);
        return isOurs ? [Number(pid)] : [];
      } catch {
        return [];
      }
    });
});

/** One may have gone with another one. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Resolves when a log has a line with this. */
async function logged(path: string, fields: Record<string, string>): Promise<void> {
  const has = (): boolean =>
    readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .some((line) => {
        const said: unknown = JSON.parse(line);
        return Object.entries(fields).every(
          ([name, value]) => said instanceof Object && Reflect.get(said, name) === value,
        );
      });
  const watcher = watch(path);
  try {
    while (!has()) await once(watcher, "change", { signal: soon() });
  } finally {
    watcher.close();
  }
}

/** A program that asks its runtime for what the test wants. */
async function otherMonitor(): Promise<{
  path: string;
  ask(command: string, input: object): Promise<unknown>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "vc-monitor-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "monitor");
  const [asks, answers, input] = [`${path}.asks`, `${path}.answers`, `${path}.json`];
  await execute("mkfifo", [asks, answers]);
  const script = `#!/bin/sh
while read -r command < ${asks}; do
  "$2" kata-network "$command" "$4" ${input} > ${answers} 2>&1
done
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return {
    path,
    ask: async (command, value) => {
      await writeFile(input, JSON.stringify(value));
      const signal = soon();
      await execute("sh", ["-c", `echo ${command} > ${asks}`], { signal });
      const { stdout } = await execute("cat", [answers], { signal });
      const answer: unknown = JSON.parse(stdout);
      return answer;
    },
  };
}
