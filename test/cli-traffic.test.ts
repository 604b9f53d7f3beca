/** Much data each way, with equal sums, over both families: by published ports, by NAT and between two guests. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { here, Lab, remote } from "./support/net/lab.ts";
import { Virtc } from "./support/virtc.ts";

/** Of each transfer; `npm run test:traffic` has 1 GiB. */
const mebibytes = Number(process.env.VIRTC_TRAFFIC_MIB ?? 16);
const bytes = mebibytes * 1024 * 1024;
const timeout = 120_000 + mebibytes * 4000;

/** What is sent in every case: a piece of 1 MiB, again and again. */
const line = "the quick brown fox jumps over the lazy dog 0123456789\n";
const piece = Buffer.from(line.repeat(20_000)).subarray(0, 1024 * 1024);
const makePiece = (path: string) => `yes '${line.trim()}' | head -c ${piece.length} > ${path}`;
const make = (path: string) => `for i in $(seq ${mebibytes}); do cat ${path}; done`;

/** Who connects to port 81 gets all of it, and who sends to port 82 gets its sum. */
const servers = (path: string): string[][] =>
  [`${make(path)}`, `head -c ${bytes} | sha256sum`].map((script, index) => [
    ...["nc", "-ll", "-p", String(81 + index)],
    ...["-e", "sh", "-c", script],
  ]);
/** The servers of a guest, and the piece that they give. */
const guestScript = (path: string): string => {
  const [gives = [], takes = []] = servers(path).map((argv) =>
    argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`),
  );
  return `${makePiece(path)}; ${gives.join(" ")} & exec ${takes.join(" ")}`;
};
const get = (address: string, port = 81): string => `nc ${address} ${port} < /dev/null | sha256sum`;
const put = (path: string, address: string, port = 82): string =>
  `(${make(path)}) | nc ${address} ${port}`;

describe.skipIf(process.getuid?.() !== 0)("traffic (needs root)", () => {
  let lab: Lab;
  let virtc: Virtc;
  let sum: string;
  /** The piece, on this host. */
  let file: string;
  const addresses = { one: ["", ""], two: ["", ""] };

  beforeAll(async () => {
    const hash = createHash("sha256");
    for (let count = 0; count < mebibytes; count += 1) hash.update(piece);
    sum = `${hash.digest("hex")}  -\n`;
    lab = await Lab.create();
    virtc = await Virtc.create({ netns: lab.netns });
    file = join(virtc.folder, "piece");
    await onHost(makePiece(file));
    for (const argv of servers(file)) lab.startBeyond("busybox", argv);
    await virtc.ok("network", "create", "--ipv6", "dual");
    const ports = ["-p", "8081:81", "-p", "8082:82"];
    for (const name of ["one", "two"] as const) {
      const published = name === "one" ? ports : [];
      const command = ["busybox", "sh", "-c", guestScript("/piece")];
      await virtc.ok("run", "-d", "--name", name, "--network", "dual", ...published, ...command);
      const said = await virtc.ok("exec", name, "ip", "-o", "addr", "show", "scope", "global");
      const [four, six] = ["inet", "inet6"].map(
        (family) => new RegExp(`${family} ([^/ ]+)/`).exec(said)?.[1] ?? "",
      );
      addresses[name] = [four ?? "", six ?? ""];
    }
  });
  afterAll(async () => {
    await using _lab = lab;
    expect(await virtc.end()).toEqual([]);
  });

  const onHost = (script: string) => lab.exec("busybox", ["sh", "-c", script]);
  const beyond = (script: string) => lab.execBeyond("busybox", ["sh", "-c", script]);
  const inGuest = (script: string) => virtc.ok("exec", "one", "sh", "-c", script);

  describe.each([
    { family: 0, name: "IPv4" },
    { family: 1, name: "IPv6" },
  ] as const)("$name", ({ family }) => {
    test("from the host and from beyond it to a guest and back, by its published ports", {
      timeout,
    }, async () => {
      const host = [here.ip, here.ip6][family] ?? "";
      expect(await onHost(get(host, 8081))).toBe(sum);
      expect(await beyond(put(file, host, 8082))).toBe(sum);
    });

    test("from a guest to the world and back, by NAT", { timeout }, async () => {
      const world = [remote.ip, remote.ip6][family] ?? "";
      expect(await inGuest(get(world))).toBe(sum);
      expect(await inGuest(put("/piece", world))).toBe(sum);
    });

    test("from a guest to another one and back", { timeout }, async () => {
      const other = addresses.two[family] ?? "";
      expect(other).not.toBe("");
      expect(await inGuest(get(other))).toBe(sum);
      expect(await inGuest(put("/piece", other))).toBe(sum);
    });
  });
});
