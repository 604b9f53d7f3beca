/** What a guest tries that means harm, and what servers answer that do; captured on the wire behind the router. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  address6,
  arp,
  ethernet,
  fragments4,
  fragments6,
  frame4,
  frame6,
  icmp6,
  ip6,
  neighbourAdvert,
  sendFrames,
  udp,
} from "./support/frames.ts";
import { at, makeWorld, type World } from "./support/internet.ts";

const mac = "02:00:00:00:00:02";
const own = "198.51.100.2";
const own6 = address6([0x2001, 0xdb8, 0x100, 0, 0, 0, 0, 2]);
const attacker6 = address6([0x2001, 0xdb8, 0x200, 0, 0, 0, 0, 0x66]);
const good6 = address6([0x2001, 0xdb8, 0x200, 0, 0, 0, 0, 0x10]);
const payload = Buffer.from("leak".repeat(10));

describe.skipIf(process.getuid?.() !== 0)("a hostile guest (needs root)", () => {
  let world: World;
  beforeAll(async () => {
    world = await makeWorld({});
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const nothing = async (act: () => Promise<unknown>): Promise<void> => {
    expect(await world.onWire(act)).toEqual([]);
  };
  const python = (script: string, ...args: string[]) =>
    world.guest("/usr/bin/python3", "-u", "-c", script, ...args);
  const memoryMiB = async (): Promise<number> => {
    const { pid } = await world.helper();
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
  };
  /** The policy is in force, and an allowed name is reached. */
  const stillWorks = async (): Promise<void> => {
    const { stdout } = await world.guest(
      ...(["curl", "-4ksS", "--max-time", "20", "--retry", "5", "--retry-all-errors"] as const),
      "https://example.com/",
    );
    expect(stdout).toBe(`tls ${at.good} example.com\n`);
  };

  describe("on one HTTP connection", () => {
    beforeAll(() => world.setPolicy({ allow: ["example.com", "www.example.com"] }));
    const get = (host: string, more = "") => `GET / HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
    const post = (headers: string, body: string) =>
      `POST / HTTP/1.1\r\nHost: example.com\r\n${headers}\r\n\r\n${body}`;
    /** What servers answer to bytes that are sent on one connection. */
    const say = async (text: string): Promise<string> => {
      const { stdout } = await python(speaker, at.good, "80", Buffer.from(text).toString("hex"));
      return stdout;
    };
    const heard = (text: string): string[] => text.match(/^http \S+ \S+$/gm) ?? [];
    const answer = `http ${at.good} example.com`;

    it("gets several requests for its name answered", async () => {
      const last = get("example.com", "Connection: close\r\n");
      const several = [get("example.com"), post("Content-Length: 2", "ab"), last];
      expect(heard(await say(several.join("")))).toEqual([answer, answer, answer]);
    });

    it.each([
      ["behind the first", get("example.com"), "evil.test"],
      ["that is allowed, but elsewhere", get("example.com"), "www.example.com"],
      ["behind a body", post("Content-Length: 2", "ab"), "evil.test"],
      ["behind chunks", post("Transfer-Encoding: chunked", "2\r\nab\r\n0\r\n\r\n"), "evil.test"],
      [
        "by a length that is another's",
        post("Content-Length: 2\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        "evil.test",
      ],
      ["by two lengths", post("Content-Length: 0\r\nContent-Length: 90", ""), "evil.test"],
      ["by HTTP/2", post("Upgrade: h2c\r\nConnection: Upgrade", ""), "evil.test"],
    ])("gets no request for another host through: %s", async (_what, before, name) => {
      const said = heard(await say(before + get(name)));
      expect(said.filter((line) => line !== answer)).toEqual([]);
    });
  });

  it("by default allow gets at no denied name by a head that is read in two ways, or comes late", async () => {
    await world.setPolicy({ default: "allow", deny: ["evil.test"] });
    const heads = [
      "GET / HTTP/1.1\r\nHost: ok.test\r\nHost: evil.test\r\n\r\n",
      "\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
      "GET / HTTP/1.1\nHost: evil.test\n\n",
      "GET / HTTP/1.1\r\nHost: ok.test\r\n\r\nGET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    ];
    for (const head of heads) {
      const { stdout } = await python(speaker, at.good, "80", Buffer.from(head).toString("hex"));
      expect(stdout, head).not.toContain("evil.test");
    }
    const { stdout } = await python(
      speaker,
      at.good,
      "80",
      Buffer.from("GET / HTTP/1.0\r\n\r\n").toString("hex"),
    );
    expect(stdout).toContain(`http ${at.good}`);
  });

  it("gets no fragment to where its whole would not go", async () => {
    await world.setPolicy({ allow: [`${at.cdn}:443/udp`, `[${at.good6}]:443/udp`] });
    const to = world.gatewayMac;
    const allowed = udp(1000, 443, payload);
    const wire = await world.onWire(() =>
      sendFrames(
        world,
        fragments4(own, at.cdn, 17, allowed, 8).map((each) => frame4(to, mac, each)),
      ),
    );
    expect(wire.join()).toContain(at.cdn);
    const denied = udp(1000, 7, payload);
    await nothing(() =>
      sendFrames(world, [
        ...fragments4(own, at.attacker, 17, allowed, 8).map((each) => frame4(to, mac, each)),
        ...fragments4(own, at.cdn, 17, denied, 8).map((each) => frame4(to, mac, each)),
        // The last first, one alone that is not the first, and two that overlap: the second would change the port.
        ...fragments4(own, at.cdn, 17, denied, 8)
          .reverse()
          .map((each) => frame4(to, mac, each)),
        ...fragments4(own, at.attacker, 17, allowed, 16)
          .slice(1)
          .map((each) => frame4(to, mac, each)),
        ...overlapping(own, at.cdn).map((each) => frame4(to, mac, each)),
        ...fragments6(own6, attacker6, 17, allowed, 8).map((each) => frame6(to, mac, each)),
        ...fragments6(own6, good6, 17, denied, 8).map((each) => frame6(to, mac, each)),
      ]),
    );
  });

  it("is believed no address of another one, by ARP or neighbour discovery", async () => {
    await world.setPolicy({ allow: ["example.com:443"] });
    const [all, to] = ["ff:ff:ff:ff:ff:ff", world.gatewayMac];
    const foreign = [0x2001, 0xdb8, 0x100, 0, 0, 0, 0, 1];
    const linkLocal = address6([0xfe80, 0, 0, 0, 0, 0, 0, 2]);
    await nothing(() =>
      sendFrames(world, [
        // Gratuitous and asked for, by its own Ethernet address and another one.
        ethernet(all, mac, 0x0806, arp(1, mac, "198.51.100.1", "198.51.100.1")),
        ethernet(to, mac, 0x0806, arp(2, mac, "198.51.100.1", own)),
        ethernet(to, mac, 0x0806, arp(2, "02:00:00:00:00:66", own, own)),
        frame6(to, mac, icmp6(linkLocal, linkLocal, neighbourAdvert(foreign, mac))),
        frame6(to, mac, icmp6(address6(foreign), own6, neighbourAdvert(foreign, mac))),
        // A router of its own, and what leads elsewhere.
        frame6(
          to,
          mac,
          icmp6(
            linkLocal,
            linkLocal,
            Buffer.from([134, 0, 0, 0, 64, 0, 255, 255, ...Array(8).fill(0)]),
          ),
        ),
        frame6(
          to,
          mac,
          icmp6(
            linkLocal,
            own6,
            Buffer.concat([Buffer.from([137, 0, 0, 0, 0, 0, 0, 0]), attacker6, attacker6]),
          ),
        ),
      ]),
    );
    const neighbours = (await world.router("ip", "neigh", "show")).stdout.split("\n");
    const believed = neighbours.filter(
      (line) =>
        line.includes(mac) && !/^(198\.51\.100\.2|2001:db8:100::2|fe80::\S+) dev tap0 /.test(line),
    );
    expect(believed).toEqual([]);
    expect(neighbours.filter((line) => line.includes("02:00:00:00:00:66"))).toEqual([]);
    const routes = await world.router("ip", "-6", "route", "show", "table", "all");
    expect(routes.stdout).not.toContain("::66");
    await stillWorks();
  });

  it("gets no packet through behind headers that hide it, VLANs in VLANs, or source routes", async () => {
    await world.setPolicy({ allow: [`${at.cdn}:443/udp`] });
    const to = world.gatewayMac;
    const inner = udp(1000, 443, payload);
    const good = fragments4(own, at.cdn, 17, inner, 1000)[0] ?? payload;
    const tag = (type: number, rest: Buffer) =>
      ethernet(to, mac, type, Buffer.concat([Buffer.from([0, 1]), rest]));
    const ipv4Type = Buffer.from([8, 0]);
    await nothing(() =>
      sendFrames(world, [
        tag(0x88a8, Buffer.concat([Buffer.from([0x81, 0, 0, 1]), ipv4Type, good])),
        tag(0x8100, Buffer.concat([ipv4Type, good])),
        // PPPoE and MPLS.
        ethernet(
          to,
          mac,
          0x8864,
          Buffer.concat([Buffer.from([0x11, 0, 0, 1, 0, 0x40, 0, 0x21]), good]),
        ),
        ethernet(to, mac, 0x8847, Buffer.concat([Buffer.from([0, 0, 0x11, 64]), good])),
        // Hop-by-hop, routing and destination options before what is sent.
        ...[0, 43, 60].map((next) =>
          frame6(
            to,
            mac,
            ip6(
              own6,
              attacker6,
              next,
              Buffer.concat([Buffer.from([17, 0, 1, 4, 0, 0, 0, 0]), inner]),
            ),
          ),
        ),
      ]),
    );
  });

  it("of many silent connections gets no more memory than there is, and others go on after them", async () => {
    await world.setPolicy({ allow: ["example.com:443"] });
    await stillWorks();
    const { stdout } = await python(many, at.good, "443", "4000");
    expect(stdout).toMatch(/^\d+ open\n$/);
    expect(await memoryMiB()).toBeLessThan(256);
    await stillWorks();
  });

  it("that asks for very many names, over UDP and TCP, sends nothing, and others are answered", async () => {
    await world.setPolicy({ allow: ["example.com:443"] });
    await stillWorks();
    await nothing(async () => {
      expect((await python(flood, "udp", "20000")).code).toBe(0);
      expect((await python(flood, "tcp", "20000")).code).toBe(0);
    });
    expect(await memoryMiB()).toBeLessThan(256);
    await stillWorks();
  });

  it("opens no more addresses than there are to be, whatever a server says", async () => {
    await world.setPolicy({ allow: ["*.many.test:22", "example.com:443"] });
    const { stdout } = await python(resolveMany, "100");
    const [answered = 0, refused = 0] = stdout.trim().split(" ").map(Number);
    expect(answered + refused).toBe(100);
    expect(answered).toBeGreaterThan(10);
    const sets = await world.router("nft", "-j", "list", "ruleset");
    const elements = JSON.parse(sets.stdout).nftables.flatMap(
      ({ set }: { set?: { name: string; elem?: unknown[] } }) => set?.elem?.length ?? 0,
    );
    expect(Math.max(...elements)).toBeLessThanOrEqual(4096);
    expect(Math.max(...elements)).toBeGreaterThan(500);
    expect(await memoryMiB()).toBeLessThan(256);
    await stillWorks();
  });

  it("gets no answer that goes in a circle or on without end, and one of no or all time for as long as is allowed", async () => {
    await world.setPolicy({ allow: ["*.loop.test", "*.ttl.test:22"] });
    for (const name of ["circle.loop.test", "endless.loop.test"])
      expect((await world.guest("getent", "ahosts", name)).code, name).not.toBe(0);
    for (const name of ["zero.ttl.test", "huge.ttl.test"])
      expect((await world.guest("getent", "ahosts", name)).stdout, name).toContain(at.good);
    const sets = (await world.router("nft", "list", "ruleset")).stdout;
    const times = [...sets.matchAll(/203\.0\.113\.10 timeout (\S+)/g)].map(([, time]) => time);
    expect(times).toEqual(["1h5s"]);
  });
});

/** Two fragments of which the second covers the port of the first. */
function overlapping(from: string, to: string): Buffer[] {
  const [first, ...rest] = fragments4(from, to, 17, udp(1000, 443, payload), 24);
  const [second] = fragments4(from, to, 17, udp(1000, 7, payload), 16);
  return [second, first, ...rest].filter((each) => each !== undefined);
}

const speaker = `
import socket, sys
link = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
link.sendall(bytes.fromhex(sys.argv[3]))
link.settimeout(30)
try:
    while True:
        part = link.recv(65536)
        if not part: break
        sys.stdout.write(part.decode("latin1"))
except (TimeoutError, OSError):
    pass
`;

const many = `
import resource, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
links = []
for index in range(int(sys.argv[3])):
    link = socket.socket()
    link.setblocking(False)
    try:
        link.connect((sys.argv[1], int(sys.argv[2])))
    except BlockingIOError:
        pass
    except OSError:
        continue
    links.append(link)
for link in links:
    try:
        link.send(b"\\x16\\x03\\x01\\x02\\x00")
    except OSError:
        pass
print(len(links), "open")
`;

const query = `
import socket, struct, sys
def query(number, name, kind=1):
    labels = b"".join(bytes([len(part)]) + part for part in name.encode().split(b"."))
    return struct.pack(">6H", number & 0xffff, 0x100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
`;

const flood = `${query}
kind, count = sys.argv[1], int(sys.argv[2])
if kind == "udp":
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for index in range(count):
        link.sendto(query(index, "n%d.evil.test" % index), ("192.0.2.53", 53))
else:
    link = socket.create_connection(("192.0.2.53", 53), 10)
    link.settimeout(5)
    try:
        for index in range(count):
            asked = query(index, "n%d.evil.test" % index)
            link.sendall(struct.pack(">H", len(asked)) + asked)
    except OSError:
        pass
`;

const resolveMany = `${query}
answered = refused = 0
for index in range(int(sys.argv[1])):
    link = socket.create_connection(("192.0.2.53", 53), 10)
    link.settimeout(20)
    asked = query(index, "n%d.many.test" % index)
    link.sendall(struct.pack(">H", len(asked)) + asked)
    got = b""
    while len(got) < 2 or len(got) < 2 + struct.unpack(">H", got[:2])[0]:
        got += link.recv(65536)
    code, answers = got[5] & 15, struct.unpack(">H", got[8:10])[0]
    if code == 0 and answers > 0: answered += 1
    else: refused += 1
    link.close()
print(answered, refused)
`;
