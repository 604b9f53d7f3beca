import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createFaultyHost } from "../../../src/host/faulty.ts";
import { createHost } from "../../../src/host/real.ts";
import { createNetworks } from "../../../src/network/definitions/networks.ts";
import type { Networks } from "../../../src/network/networks.ts";
import { refusal } from "../../support/refusal.ts";
import {
  ask,
  enterOutside,
  type Outside,
  run,
  serve,
  stateOf,
  testNamespace,
} from "../cni/support/outside.ts";
import { Sandboxes } from "../cni/support/sandboxes.ts";

const on = (...names: string[]) => ({ network: { networks: names.map((name) => ({ name })) } });

describe.skipIf(process.getuid?.() !== 0)("networks that are made here (need root)", () => {
  let outside: Outside;
  let sandboxes: Sandboxes;
  let networks: Networks;

  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());
  beforeEach(async () => {
    sandboxes = await Sandboxes.create(outside);
    networks = createNetworks(sandboxes.context);
  });

  /** A host that the machine has a route to, and that has none back to any network. */
  const remoteHost = async (address: string): Promise<string> => {
    const remote = await testNamespace(outside, "remote");
    const peer = ["type", "veth", "peer", "name", "far", "netns", remote];
    await run(outside.namespace, "ip", "link", "add", "near", ...peer);
    onTestFinished(async () => void (await run(outside.namespace, "ip", "link", "del", "near")));
    await run(outside.namespace, "ip", "link", "set", "near", "up");
    await run(outside.namespace, "ip", "address", "add", "192.0.2.1/24", "dev", "near");
    await run(remote, "ip", "address", "add", "192.0.2.2/24", "dev", "far");
    await run(remote, "ip", "address", "add", `${address}/32`, "dev", "far");
    await run(remote, "ip", "link", "set", "far", "up");
    await run(outside.namespace, "ip", "route", "add", address, "via", "192.0.2.2");
    return remote;
  };

  test("the default network is made when it is first used, by many at once, and goes with the last", async () => {
    const before = await stateOf(outside.namespace);
    const ids = ["aa", "bb", "cc", "dd", "ee", "ff"];
    const all = await Promise.all(ids.map((id) => sandboxes.attach(id, { network: {} })));
    expect(new Set(all.map((each) => each.address(4))).size).toBe(ids.length);
    expect((await networks.list()).map(({ name, usedBy }) => ({ name, usedBy }))).toEqual([
      { name: "bridge", usedBy: ids },
    ]);
    const [a, b] = all;
    if (a === undefined || b === undefined) throw new Error("nothing was attached");
    await serve(b.namespace, 80, "b");
    expect(await ask(a.namespace, b.address(4), 80)).toBe(`b ${a.address(4)}`);
    expect(await ask(a.namespace, b.address(6), 80)).toBe(`b ${a.address(6)}`);
    const [server = ""] = a.attachments[0]?.dns.nameservers ?? [];
    expect(await run(a.namespace, "busybox", "nslookup", "bb.bridge.internal", server)).toContain(
      b.address(4),
    );
    await Promise.all(ids.map((id) => sandboxes.ledger(id).releaseAll()));
    const links = await run(outside.namespace, "ip", "-o", "link");
    expect(links).not.toContain("vc-");
    expect(links).not.toContain("veth");
    expect(await run(outside.namespace, "nft", "list", "ruleset")).not.toMatch(/virtc|vc-/);
    expect((await stateOf(outside.namespace)).filter((each) => before.includes(each))).toEqual(
      before,
    );
    expect((await networks.inspect("bridge")).usedBy).toEqual([]);
    expect(statSync(join(sandboxes.folder, "data/networks/bridge.json")).mode & 0o777).toBe(0o600);
  });

  test("a network that is removed after it was looked up is nobody's, and nothing of it is made", async () => {
    const before = await stateOf(outside.namespace);
    const host = createFaultyHost(createHost(), [], (at) => {
      if (at !== "failpoint:take.cni.before") return;
      rmSync(join(sandboxes.folder, "data/networks/front.json"));
    });
    sandboxes = await Sandboxes.create(outside, host);
    networks = createNetworks(sandboxes.context);
    await networks.create({ name: "front" });
    await refusal(sandboxes.attach("aa", on("front")), "NETWORK_NOT_FOUND");
    expect(await stateOf(outside.namespace)).toEqual(before);
    expect(sandboxes.ledger("aa").entries()).toEqual([]);
  });

  test("a network that is removed leaves no note of its addresses, unless of a sandbox that is still owed", async () => {
    const kept = () =>
      readdirSync(join(sandboxes.folder, "data/networks"), {
        recursive: true,
        encoding: "utf8",
      }).filter((path) => path.includes("front"));
    await networks.create({ name: "front" });
    const { ledger } = await sandboxes.attach("aa", on("front"));
    expect(kept().length).toBeGreaterThan(3);
    await ledger.releaseAll();
    await networks.remove("front");
    expect(kept()).toEqual([]);
    await networks.create({ name: "front" });
    await sandboxes.attach("bb", on("front"));
    // Its sandbox is gone, but nothing of it has been given back.
    const host = { ...sandboxes.context.host, bootId: async () => "another" };
    expect(await createNetworks({ ...sandboxes.context, host }).prune()).toEqual(["front"]);
    expect(kept().filter((path) => /\.uses\/.*\.json$/.test(path))).toHaveLength(1);
    expect(kept().filter((path) => /\.leases\/.*\/10\./.test(path))).toHaveLength(1);
    await sandboxes.ledger("bb").releaseAll();
  });

  test("a sandbox reaches the world, but neither the host, nor other networks, nor metadata", async () => {
    const remote = await remoteHost("169.254.169.254");
    await networks.create({ name: "other" });
    const a = await sandboxes.attach("aa", on("bridge"));
    const b = await sandboxes.attach("bb", on("other"));
    await serve(remote, 80, "remote");
    await serve(outside.namespace, 7000, "host");
    await serve(b.namespace, 80, "b");
    expect(await ask(outside.namespace, "169.254.169.254", 80)).toBe("remote 192.0.2.1");
    expect(await ask(outside.namespace, b.address(4), 80)).toContain("b ");

    expect(await ask(a.namespace, "192.0.2.2", 80)).toBe("remote 192.0.2.1");
    const [gateway = ""] = a.attachments[0]?.gateways ?? [];
    for (const [address, port] of [
      [gateway, 7000],
      ["192.0.2.1", 7000],
      ["169.254.169.254", 80],
      [b.address(4), 80],
    ] as const)
      expect(await ask(a.namespace, address, port)).toBeUndefined();
  });

  test("a sender that is not of the network is not forwarded", async () => {
    const remote = await remoteHost("203.0.113.9");
    await serve(remote, 80, "remote");
    const a = await sandboxes.attach("aa", on("bridge"));
    expect(await ask(a.namespace, "203.0.113.9", 80)).toBe("remote 192.0.2.1");
    const counter = "icmp type echo-request counter";
    await run(remote, "nft", "add table inet t");
    await run(remote, "nft", "add chain inet t in { type filter hook input priority 0; }");
    await run(remote, "nft", `add rule inet t in ${counter}`);
    await run(a.namespace, "ip", "address", "add", "198.51.100.7/32", "dev", "lo");
    await run(a.namespace, "ip", "link", "set", "lo", "up");
    const args = ["ping", "-c", "3", "-W", "1", "-I", "198.51.100.7", "203.0.113.9"];
    await expect(run(a.namespace, "busybox", ...args)).rejects.toThrow("100% packet loss");
    expect(await run(remote, "nft", "list ruleset")).toContain("packets 0 bytes 0");
  });

  test("a network may open the host to its sandboxes, and an internal one has no way out", async () => {
    const remote = await remoteHost("203.0.113.9");
    await networks.create({ name: "open", hostAccess: true });
    await networks.create({ name: "closed", internal: true });
    await serve(remote, 80, "remote");
    await serve(outside.namespace, 7000, "host");
    const a = await sandboxes.attach("aa", on("open"));
    const [gateway = ""] = a.attachments[0]?.gateways ?? [];
    expect(await ask(a.namespace, gateway, 7000)).toBe(`host ${a.address(4)}`);
    const b = await sandboxes.attach("bb", on("closed"));
    const c = await sandboxes.attach("cc", on("closed"));
    await serve(c.namespace, 80, "c");
    expect(await ask(b.namespace, c.address(4), 80)).toBe(`c ${b.address(4)}`);
    await run(
      b.namespace,
      "ip",
      "route",
      "add",
      "default",
      "via",
      b.attachments[0]?.gateways[0] ?? "",
    );
    expect(await ask(b.namespace, "192.0.2.2", 80)).toBeUndefined();
    const ports = [{ hostPort: 8080, containerPort: 80 }];
    const error = await refusal(
      sandboxes.attach("dd", { ...on("closed"), ports }),
      "NOT_SUPPORTED",
    );
    expect(error.message).toContain("can't be published in the network closed");
  });

  test("a macvlan makes sandboxes hosts of the network that its parent leads to", async () => {
    const remote = await remoteHost("203.0.113.9");
    await serve(remote, 80, "remote");
    const subnets = [{ subnet: "192.0.2.0/24", gateway: "192.0.2.2", ipRange: "192.0.2.128/25" }];
    const made = { name: "lan", driver: "macvlan", parent: "near", subnets } as const;
    expect(await networks.create(made)).toMatchObject(made);
    const a = await sandboxes.attach("aa", on("lan"));
    const b = await sandboxes.attach("bb", on("lan"));
    expect([a.address(4), b.address(4)]).toEqual(["192.0.2.128", "192.0.2.129"]);
    // Not translated, by the gateway to what is beyond it, and to each other.
    expect(await ask(a.namespace, "203.0.113.9", 80)).toBe("remote 192.0.2.128");
    await serve(b.namespace, 80, "b");
    expect(await ask(a.namespace, b.address(4), 80)).toBe("b 192.0.2.128");
    const ports = [{ hostPort: 8080, containerPort: 80 }];
    await refusal(sandboxes.attach("cc", { ...on("lan"), ports }), "NOT_SUPPORTED");
    await a.ledger.releaseAll();
    await b.ledger.releaseAll();
    expect(await run(outside.namespace, "ip", "-o", "link")).not.toMatch(/macvlan|vc-|veth/);
    await networks.remove("lan");
  });

  test("what a driver does not have or lacks is refused by its field", async () => {
    await remoteHost("203.0.113.9");
    const subnets = [{ subnet: "192.0.2.0/24" }];
    const refused = async (options: object, ...code: "NOT_SUPPORTED"[]) =>
      (await refusal(networks.create({ driver: "macvlan", subnets, ...options }), ...code)).field;
    expect(await refused({})).toBe("options.parent");
    expect(await refused({ parent: "nowhere" })).toBe("options.parent");
    expect(await refused({ parent: "lo" })).toBe("options.parent");
    expect(await refused({ parent: "near", subnets: [] })).toBe("options.subnets");
    expect(await refused({ parent: "near", mode: "l2" })).toBe("options.mode");
    expect(await refused({ parent: "near", internal: true })).toBe("options.internal");
    expect(await refused({ parent: "near", driver: "bridge" })).toBe("options.parent");
    expect(await refused({ parent: "near", driver: "ipvlan", mode: "l3" })).toBe("options.mode");
    if (await hasKind("ipvlan"))
      await networks.create({ parent: "near", driver: "ipvlan", subnets });
    else
      expect(await refused({ parent: "near", driver: "ipvlan" }, "NOT_SUPPORTED")).toBe(
        "options.driver",
      );
    expect(await run(outside.namespace, "ip", "-o", "link")).not.toContain("vc-probe");
  });

  const hasKind = async (kind: string) =>
    await run(outside.namespace, "ip", "link", "add", "link", "near", "name", "x0", "type", kind)
      .then(() => run(outside.namespace, "ip", "link", "del", "x0"))
      .then(() => true)
      .catch(() => false);

  test("is removed when nobody uses it, and not before", async () => {
    await networks.create({
      name: "mine",
      subnets: [{ subnet: "10.99.7.0/24" }],
      labels: { a: "b" },
    });
    const a = await sandboxes.attach("aa", on("mine"));
    expect(a.address(4)).toBe("10.99.7.2");
    expect(await networks.inspect("mine")).toMatchObject({
      driver: "bridge",
      subnets: [{ subnet: "10.99.7.0/24", gateway: "10.99.7.1" }],
      labels: { a: "b" },
      usedBy: ["aa"],
      members: [
        {
          sandboxId: "aa",
          interfaceName: "eth0",
          macAddress: a.attachments[0]?.mac,
          ipAddresses: ["10.99.7.2/24"],
        },
      ],
    });
    expect((await refusal(networks.remove("mine"), "BUSY")).message).toContain("used by aa");
    expect(await networks.prune()).toEqual([]);
    await a.ledger.releaseAll();
    await networks.remove("mine");
    await refusal(networks.inspect("mine"), "NETWORK_NOT_FOUND");
    await networks.create({ name: "mine" });
    expect(await networks.prune()).toEqual(["mine"]);
  });

  test("one whose sandboxes are whole has nothing wrong, and what another tool broke is told", async () => {
    await networks.create({ name: "mine", subnets: [{ subnet: "10.99.7.0/24" }] });
    const ports = [{ hostPort: 18080, containerPort: 80 }];
    const a = await sandboxes.attach("aa", { ...on("mine"), ports });
    await sandboxes.attach("bb", on("mine"));
    expect(await networks.check("mine")).toEqual([]);
    await run(a.namespace, "ip", "address", "flush", "dev", "eth0");
    const wrong = await networks.check("mine");
    expect(wrong).toHaveLength(1);
    expect(wrong[0]).toMatch(/CHECK of the CNI plugin bridge for the network .*mine.* failed/);
    await sandboxes.ledger("aa").releaseAll();
    await sandboxes.ledger("bb").releaseAll();
    expect(await networks.check("mine")).toEqual([]);
  });

  test("names, subnets and parts of them that can't be are refused by their field", async () => {
    await networks.create({ name: "mine", subnets: [{ subnet: "10.99.7.0/24" }] });
    sandboxes.configure("10-theirs.conflist", {
      cniVersion: "1.0.0",
      name: "theirs",
      plugins: [{ type: "bridge" }],
    });
    await refusal(networks.create({ name: "mine" }), "ALREADY_EXISTS");
    await refusal(networks.create({ name: "theirs" }), "ALREADY_EXISTS");
    await refusal(networks.remove("theirs"), "NOT_SUPPORTED");
    await refusal(sandboxes.attach("zz", on("nowhere")), "NETWORK_NOT_FOUND");
    const refused = async (subnet: object) =>
      (await refusal(networks.create({ subnets: [{ subnet: "10.98.0.0/24", ...subnet }] }))).field;
    expect(await refused({ subnet: "10.99.0.0/16" })).toBe("options.subnets.0.subnet");
    expect(await refused({ subnet: "10.98.0.0/31" })).toBe("options.subnets.0.subnet");
    expect(await refused({ gateway: "10.97.0.1" })).toBe("options.subnets.0.gateway");
    expect(await refused({ ipRange: "10.98.1.0/25" })).toBe("options.subnets.0.ipRange");
    expect(readdirSync(join(sandboxes.folder, "data/networks")).sort()).toEqual([
      ".lock",
      "mine.json",
    ]);
    expect(existsSync(join(sandboxes.folder, "data/networks/.uses"))).toBe(false);
  });
});
