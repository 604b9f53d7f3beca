import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { EgressPolicy } from "../../../../src/config/network/egress/policy.ts";
import type { RunResult } from "../../../../src/host/host.ts";
import { createLibc } from "../../../../src/host/libc.ts";
import { inNamespace } from "../../../../src/host/network/enter.ts";
import { createHost } from "../../../../src/host/real.ts";
import type { EgressCounts } from "../../../../src/network/egress/control.ts";
import {
  changePolicy,
  type Enforcement,
  enforce,
  readStatus,
  startHelper,
} from "../../../../src/network/egress/enforce.ts";
import { openRouter, prepareRouter } from "../../../../src/network/router/route.ts";
import type { Ledger, LedgerRecord } from "../../../../src/store/ledger.ts";
import { release } from "../../../../src/store/record/record.ts";
import { chooseVmUid } from "../../../../src/store/vm-uid.ts";

import { certificateIn } from "./certificate.ts";

export const host = createHost();
const libc = createLibc();

/** Addresses of the internet: one with an allowed name, one that shares it, one of nobody's business. */
export const at = {
  dns: "198.51.100.1",
  good: "203.0.113.10",
  good6: "2001:db8:200::10",
  cdn: "203.0.113.20",
  attacker: "203.0.113.66",
  attacker6: "2001:db8:200::66",
  metadata: "169.254.169.254",
} as const;

const zone = {
  "example.com": { A: [at.good], AAAA: [at.good6], TXT: ["hello"] },
  "www.example.com": { CNAME: ["edge.cdn.test"] },
  "edge.cdn.test": { A: [at.cdn] },
  "dns.cdn.test": { A: [at.cdn] },
  "rebind.example.com": { A: ["10.99.0.1", at.metadata, at.good] },
  "evil.test": { A: [at.attacker], AAAA: [at.attacker6] },
};

const link = {
  uplink: "up0",
  tap: "tap0",
  mtu: 1500,
  addresses: [
    { address: "198.51.100.2", prefix: 24 },
    { address: "2001:db8:100::2", prefix: 64 },
  ],
  routes: [{ gateway: "198.51.100.1" }, { gateway: "2001:db8:100::1" }],
};
const tap = {
  name: "tap0",
  mac: "02:00:00:00:00:02",
  addresses: link.addresses.map(({ address }) => address),
};

export interface World {
  /** Runs a program in the guest; what it says and its code. */
  guest(command: string, ...args: string[]): Promise<RunResult>;
  /** Starts one in the guest that goes on. */
  guestSpawn(command: string, ...args: string[]): ChildProcess;
  setPolicy(policy: EgressPolicy): Promise<void>;
  /** What came from the sandbox onto the wire while something was done, one packet a line. */
  onWire(act: () => Promise<unknown>): Promise<string[]>;
  /** The process that enforces, and the one that starts it again. */
  helper(): Promise<{ pid: number; watcher: number }>;
  /** Ends both at once. */
  killHelper(): Promise<void>;
  /** Starts them again, as another user. */
  restart(): Promise<void>;
  status(): Promise<EgressCounts>;
  /** Runs a program in the internet. */
  internet(command: string, ...args: string[]): Promise<RunResult>;
  /** Runs a program in the router. */
  router(command: string, ...args: string[]): Promise<RunResult>;
  readonly folder: string;
  /** The Ethernet address of the guest's gateway. */
  readonly gatewayMac: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Three namespaces: a guest, the router that enforces, and the internet behind it. */
export async function makeWorld(policy: EgressPolicy): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "virtc-egress-"));
  const undo: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  const dispose = async (): Promise<void> => {
    for (const each of undo.reverse()) await each();
  };
  try {
    return { ...(await build(folder, policy, undo)), folder, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function build(
  folder: string,
  policy: EgressPolicy,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<World, "folder" | typeof Symbol.asyncDispose>> {
  const signal = AbortSignal.timeout(60_000);
  const path = (name: string): string => join(folder, name);
  const [guestNs, routerNs, internetNs] = ["guest", "router", "internet"].map(path) as [
    string,
    string,
    string,
  ];
  for (const each of [guestNs, routerNs, internetNs]) {
    await host.network.makeNamespace(each);
    undo.push(() => host.network.removeNamespace(each));
  }
  const run = async (ns: string, tool: string, args: string[], input?: string): Promise<string> => {
    const { code, stdout, stderr } = await host.network.run(ns, tool, args, {
      signal,
      ...(input !== undefined && { input }),
    });
    if (code !== 0) throw new Error(`${tool} ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const script = (text: string): string => text.trim().replace(/^\s+/gm, "");
  const start = (ns: string, command: string, args: string[]): ChildProcess => {
    const child = inNamespace(libc, ns, () =>
      spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] }),
    );
    child.on("error", () => {});
    undo.push(async () => {
      if (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL"))
        await once(child, "exit");
    });
    return child;
  };
  for (const ns of [guestNs, internetNs])
    await run(ns, "sh", ["-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad"]);
  // By their pids, since the namespaces have no names.
  const holders = [guestNs, internetNs].map((ns) => start(ns, "sleep", ["1000"]));
  await run(
    routerNs,
    "ip",
    ["-batch", "-"],
    script(`
    link add tap0 type veth peer name eth0 address 02:00:00:00:00:02 netns ${holders[0]?.pid}
    link add up0 type veth peer name in0 netns ${holders[1]?.pid}
    addr add 198.51.100.2/24 dev up0
    addr add 2001:db8:100::2/64 dev up0 nodad
    link set up0 up
  `),
  );
  await run(
    internetNs,
    "ip",
    ["-batch", "-"],
    script(`
    link set lo up
    link set in0 up
    addr add 198.51.100.1/24 dev in0
    addr add 2001:db8:100::1/64 dev in0 nodad
    ${[at.good, at.cdn, at.attacker, at.metadata].map((each) => `addr add ${each}/32 dev in0`).join("\n")}
    ${[at.good6, at.attacker6].map((each) => `addr add ${each}/128 dev in0 nodad`).join("\n")}
  `),
  );
  await run(
    routerNs,
    "ip",
    ["-batch", "-"],
    script(`
    route add default via 198.51.100.1
    route add default via 2001:db8:100::1
  `),
  );
  await run(
    guestNs,
    "ip",
    ["-batch", "-"],
    script(`
    link set lo up
    link set eth0 up
    addr add 198.51.100.2/24 dev eth0
    addr add 2001:db8:100::2/64 dev eth0 nodad
    route add default via 198.51.100.1
    route add default via 2001:db8:100::1 dev eth0
  `),
  );
  const macOf = async (link: string): Promise<string> =>
    JSON.parse(await run(routerNs, "ip", ["-j", "link", "show", link]))[0].address;
  const [uplinkMac, gatewayMac] = [await macOf("up0"), await macOf("tap0")];
  const { key, cert, args: make } = certificateIn(folder);
  await run(internetNs, "openssl", make);
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const server = fileURLToPath(new URL("./internet-server.ts", import.meta.url));
  const internet = start(internetNs, process.execPath, [
    "--import",
    loader,
    server,
    cert,
    key,
    JSON.stringify(zone),
    at.dns,
  ]);
  await firstLine(internet, "stdout", /ready/);
  await writeFile(path("resolv.conf"), "nameserver 192.0.2.53\noptions timeout:2 attempts:1\n");

  const ledger = testLedger();
  undo.push(() => ledger.releaseAll());
  const enforcement: Enforcement = {
    netns: routerNs,
    folder,
    uid: chooseVmUid(),
    network: {
      taps: [tap],
      inbound: [{ protocol: "tcp", port: 8080 }],
      internal: ["198.51.100.0/24"],
      servers: [at.dns],
    },
    policy,
  };
  const place = { host, netns: routerNs, signal };
  await prepareRouter(place, link);
  let current = await enforce(host, enforcement, ledger, signal);
  await openRouter(place, link);

  // The guest's own resolv.conf, in a mount namespace of the program's own.
  const inGuest = [
    "--mount",
    "sh",
    "-c",
    `mount --bind ${path("resolv.conf")} /etc/resolv.conf && exec "$@"`,
    "sh",
  ];
  return {
    gatewayMac,
    guest: (command, ...args) =>
      host.network.run(guestNs, "unshare", [...inGuest, command, ...args], { timeoutMs: 30_000 }),
    guestSpawn: (command, ...args) => start(guestNs, "unshare", [...inGuest, command, ...args]),
    setPolicy: async (next) => {
      enforcement.policy = next;
      await changePolicy(host, enforcement, AbortSignal.timeout(30_000));
    },
    onWire: async (act) => {
      const dump = start(internetNs, "tcpdump", [
        "-i",
        "in0",
        "-n",
        "-l",
        "-e",
        "--immediate-mode",
        `(ether src ${uplinkMac} and not arp and not (icmp6 and ip6[40] >= 133)) or udp port 9`,
      ]);
      await firstLine(dump, "stderr", /listening on/);
      const lines: string[] = [];
      const marked = new Promise<void>((resolve) => {
        if (dump.stdout === null) return;
        createInterface({ input: dump.stdout }).on("line", (line) => {
          if (/\.9: UDP/.test(line)) resolve();
          else lines.push(line);
        });
      });
      await act();
      await run(internetNs, "bash", [
        "-c",
        "ip neigh replace 198.51.100.99 lladdr 02:00:00:00:00:99 dev in0; echo mark > /dev/udp/198.51.100.99/9",
      ]);
      await marked;
      dump.kill("SIGKILL");
      return lines;
    },
    helper: async () => ({ pid: childOf(current.pid), watcher: current.pid }),
    killHelper: async () => {
      const worker = await host.processes.identify(childOf(current.pid));
      await host.processes.killGroup(current);
      for (const each of [current, worker]) if (each) await host.processes.waitGone(each);
    },
    status: () => readStatus(host, folder, AbortSignal.timeout(30_000)),
    internet: (command, ...args) =>
      host.network.run(internetNs, command, args, { timeoutMs: 30_000 }),
    router: (command, ...args) => host.network.run(routerNs, command, args, { timeoutMs: 30_000 }),
    restart: async () => {
      enforcement.uid = chooseVmUid();
      current = await startHelper(host, enforcement, ledger, AbortSignal.timeout(60_000));
    },
  };
}

function childOf(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  if (!/^\d+$/.test(children)) throw new Error(`process ${pid} has not one child: ${children}`);
  return Number(children);
}

async function firstLine(
  child: ChildProcess,
  from: "stdout" | "stderr",
  pattern: RegExp,
): Promise<void> {
  const said: string[] = [];
  const stream = child[from];
  if (stream === null) throw new Error("no pipe");
  for (const other of [child.stdout, child.stderr])
    other?.on("data", (bytes) => said.push(String(bytes)));
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stream }).on("line", (line) => pattern.test(line) && resolve());
    child.once("exit", () => reject(new Error(`it ended: ${said.join("")}`)));
  });
}

/** One that keeps its records in memory. */
function testLedger(): Ledger {
  const records: LedgerRecord[] = [];
  return {
    take: async (record, acquire) => {
      const at = records.push(record) - 1;
      return await acquire(async (more) => {
        records[at] = more;
      });
    },
    release: async () => {},
    strike: () => {},
    releaseAll: async () => {
      for (const record of records.splice(0).reverse()) await release(host, record);
    },
    entries: () => records.map((record, seq) => ({ seq, record })),
  };
}
