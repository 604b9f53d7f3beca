import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createLibc } from "../../../src/host/libc.ts";
import { inNamespace } from "../../../src/host/network/enter.ts";
import { checkUse } from "../../../src/network/cni/ask.ts";
import { readUses } from "../../../src/network/cni/claims.ts";
import { refusal } from "../../support/refusal.ts";
import { soon } from "../../support/soon.ts";
import {
  ask,
  enterOutside,
  type Outside,
  run,
  serve,
  stateOf,
  testNamespace,
} from "./support/outside.ts";
import { Sandboxes } from "./support/sandboxes.ts";

const on = (name: string, more: object = {}) => ({ network: { networks: [{ name, ...more }] } });

describe.skipIf(process.getuid?.() !== 0)(
  "networks of CNI with the real plugins (need root)",
  () => {
    let outside: Outside;
    let sandboxes: Sandboxes;

    beforeAll(async () => {
      outside = await enterOutside();
    });
    afterAll(() => outside.leave());
    beforeEach(async () => {
      sandboxes = await Sandboxes.create(outside);
    });

    /** A network of all the plugins that are used here. */
    const configure = (name: string, octet: number, more: object = {}): void => {
      const ipam = {
        type: "host-local",
        dataDir: join(sandboxes.folder, "leases"),
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        ranges: [[{ subnet: `10.9.${octet}.0/24` }], [{ subnet: `fd09:0:0:${octet}::/64` }]],
        ...more,
      };
      sandboxes.configure(`10-${name}.conflist`, {
        cniVersion: "1.0.0",
        name,
        plugins: [
          {
            type: "bridge",
            bridge: `br-${name}`,
            isGateway: true,
            ipMasq: true,
            hairpinMode: true,
            capabilities: { ips: true, mac: true },
            ipam,
          },
          { type: "portmap", capabilities: { portMappings: true } },
          { type: "firewall" },
          { type: "bandwidth", capabilities: { bandwidth: true } },
          { type: "dnsname", domainName: `${name}.test`, capabilities: { aliases: true } },
        ],
      });
      onTestFinished(async () => {
        await run(outside.namespace, "ip", "link", "delete", `br-${name}`).catch(() => {});
      });
    };

    test("two sandboxes of a network reach each other, over both families and by name", async () => {
      configure("one", 1);
      const a = await sandboxes.attach("aa", on("one"));
      const b = await sandboxes.attach("bb", on("one", { aliases: ["shop"] }));
      await serve(b.namespace, 80, "b");
      expect(await ask(a.namespace, b.address(4), 80)).toBe(`b ${a.address(4)}`);
      expect(await ask(a.namespace, b.address(6), 80)).toBe(`b ${a.address(6)}`);
      const [server = ""] = a.attachments[0]?.dns.nameservers ?? [];
      for (const name of ["bb.one.test", "shop.one.test"])
        expect(await run(a.namespace, "busybox", "nslookup", name, server)).toContain(b.address(4));
      expect(a.attachments[0]).toMatchObject({
        network: "one",
        ifName: "eth0",
        mac: expect.stringMatching(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/),
        addresses: [`${a.address(4)}/24`, `${a.address(6)}/64`],
        gateways: ["10.9.1.1", "fd09:0:0:1::1"],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      });
    });

    test("a published port leads to it, and a remote host sees the machine's address, not its own", async () => {
      configure("one", 1);
      const remote = await testNamespace(outside, "remote");
      const link = ["link", "add", "up", "type", "veth", "peer", "name", "far", "netns"];
      // The tool names the namespace by a file of a running process, or by this path.
      await run(outside.namespace, "ip", ...link, remote);
      await run(outside.namespace, "ip", "link", "set", "veth0", "up");
      onTestFinished(() => run(outside.namespace, "ip", "link", "delete", "veth0").then(() => {}));
      await run(outside.namespace, "ip", "address", "add", "192.0.2.1/24", "dev", "veth0");
      await run(remote, "ip", "address", "add", "192.0.2.2/24", "dev", "far");
      await run(remote, "ip", "link", "set", "far", "up");
      const ports = [{ hostPort: 8080, containerPort: 80 }];
      const a = await sandboxes.attach("aa", { ...on("one"), ports });
      await serve(a.namespace, 80, "a");
      await serve(remote, 80, "remote");
      expect(await ask(a.namespace, "192.0.2.2", 80)).toBe("remote 192.0.2.1");
      expect(await ask(remote, "192.0.2.1", 8080)).toBe("a 192.0.2.2");
      expect(await ask(outside.namespace, "127.0.0.1", 8080)).toContain("a ");
    });

    test("several networks are several links, in their order, and the ports are the first's", async () => {
      configure("one", 1);
      configure("two", 2);
      const network = { networks: [{ name: "two", interfaceName: "eth1" }, { name: "one" }] };
      const a = await sandboxes.attach("aa", { network });
      expect(a.attachments.map(({ network: name, ifName }) => `${name} ${ifName}`)).toEqual([
        "two eth1",
        "one eth0",
      ]);
      const links = await run(a.namespace, "ip", "-o", "link");
      expect(links).toContain("eth0");
      expect(links).toContain("eth1");
    });

    test("what was chosen is given, and the rate is limited", async () => {
      configure("one", 1);
      const chosen = { ip: "10.9.1.77", ip6: "fd09:0:0:1::77", macAddress: "02:00:00:00:00:77" };
      const { network } = on("one", chosen);
      const a = await sandboxes.attach("aa", { network: { ...network, rxRateBits: 8_000_000 } });
      expect(a.attachments[0]).toMatchObject({
        mac: chosen.macAddress,
        addresses: ["10.9.1.77/24", "fd09:0:0:1::77/64"],
      });
      expect(await run(outside.namespace, "tc", "qdisc")).toContain("tbf");
    });

    test("a release by another process leaves nothing, whatever became of the configuration", async () => {
      configure("one", 1);
      const first = await sandboxes.attach("first", on("one"));
      await first.ledger.releaseAll();
      const before = await stateOf(outside.namespace);
      const ports = [{ hostPort: 8080, containerPort: 80 }];
      const a = await sandboxes.attach("aa", { ...on("one"), ports });
      expect(await stateOf(outside.namespace)).not.toEqual(before);
      sandboxes.configure("10-one.conflist", { name: "one", cniVersion: "9.9.9", plugins: [] });
      await sandboxes.ledger("aa").releaseAll();
      expect(await stateOf(outside.namespace)).toEqual(before);
      expect(await run(a.namespace, "ip", "-o", "link")).not.toContain("eth0");
      expect(leases()).toEqual([]);
      expect(uses()).toEqual([]);
    });

    const leases = (): string[] => {
      const folder = join(sandboxes.folder, "leases");
      const networks = existsSync(folder) ? readdirSync(folder) : [];
      return networks.flatMap((name) =>
        readdirSync(join(folder, name)).filter((file) => /^[0-9a-f]+[.:]/.test(file)),
      );
    };
    const uses = (): string[] => {
      const folder = join(sandboxes.folder, "data", "networks", ".uses");
      const networks = existsSync(folder) ? readdirSync(folder) : [];
      return networks.flatMap((name) => readdirSync(join(folder, name)));
    };

    test.each([
      ["without ports no plugin publishes any", [], false],
      ["with ports one does", [{ hostPort: 8080, containerPort: 80 }], true],
    ])(
      "of a network that is made here %s; CHECK and DEL ask those that ADD asked",
      async (_title, ports, publishes) => {
        const a = await sandboxes.attach("aa", { network: {}, ports });
        const [{ use } = { use: undefined }] = await readUses(
          join(sandboxes.folder, "data/networks"),
        );
        const types = use?.plugins.map(({ type }) => type) ?? [];
        expect(types[0]).toBe("bridge");
        expect(types.includes("portmap")).toBe(publishes);
        if (use !== undefined) await checkUse(sandboxes.context.host, use, soon());
        await a.ledger.releaseAll();
        expect(uses()).toEqual([]);
        expect(await run(a.namespace, "ip", "-o", "link")).not.toContain("eth0");
        expect((await stateOf(outside.namespace)).join("\n")).not.toMatch(/dnat/);
      },
    );

    test("an address, a hardware address or a port that is taken is refused before anything is made", async () => {
      configure("one", 1);
      const chosen = { ip: "10.9.1.77", macAddress: "02:00:00:00:00:77" };
      const ports = [{ hostPort: 8080, containerPort: 80 }];
      await sandboxes.attach("aa", { ...on("one", chosen), ports });
      const before = await stateOf(outside.namespace);
      const foreign = [{ hostPort: 81, containerPort: 80, hostIP: "203.0.113.9" }];
      const namespace = await testNamespace(outside, "bb");
      const refused = async (config: Parameters<Sandboxes["attach"]>[1]): Promise<string> =>
        (await refusal(sandboxes.attach("bb", config, { namespace }))).message;
      expect(await refused(on("one", { ip: chosen.ip }))).toContain(
        "10.9.1.77 is taken by the sandbox aa",
      );
      expect(await refused(on("one", { macAddress: chosen.macAddress }))).toContain(
        "02:00:00:00:00:77 is taken by the sandbox aa",
      );
      expect(await refused({ ...on("one"), ports })).toContain(
        "8080/tcp is taken by the sandbox aa",
      );
      expect(await refused({ ...on("one"), ports: foreign })).toContain("no address of this host");
      expect(await stateOf(outside.namespace)).toEqual(before);
      expect(sandboxes.ledger("bb").entries()).toEqual([]);
      expect(uses()).toHaveLength(1);
    });

    test("a port that a process of the host has is refused, too", async () => {
      configure("one", 1);
      const server = createServer();
      onTestFinished(() => void server.close());
      inNamespace(createLibc(), outside.namespace, () => server.listen(8080));
      const ports = [{ hostPort: 8080, containerPort: 80 }];
      const error = await refusal(sandboxes.attach("aa", { ...on("one"), ports }), "BUSY");
      expect(error.message).toContain("8080/tcp is taken by a process of this host");
      expect(uses()).toEqual([]);
    });

    test("a pool that is exhausted is told as such, and nothing is left of the attempt", async () => {
      configure("one", 1, { ranges: [[{ subnet: "10.9.1.0/30" }]] });
      await sandboxes.attach("aa", on("one"));
      const before = await stateOf(outside.namespace);
      const error = await refusal(sandboxes.attach("bb", on("one")), "NETWORK_FAILED");
      expect(error.message).toMatch(
        /CNI plugin bridge for the network one .*no IP addresses available/,
      );
      expect(error.hint).toContain("larger subnet");
      expect(await stateOf(outside.namespace)).toEqual(before);
      expect(sandboxes.ledger("bb").entries()).toEqual([]);
    });
  },
);
