import { readFileSync } from "node:fs";
import type { Sandbox } from "virtcontainers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { connectedTo, crosses, joined, run, untouched } from "./support/net/connected.ts";
import { cable, guestMac, smallInternet, webServer } from "./support/net/internet.ts";
import { type TestNamespace, testNamespace } from "./support/net/namespace.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

const connected = (netns: TestNamespace, id: string, more: object = {}): Promise<Sandbox> =>
  connectedTo(instance, netns, id, more);

describe.skipIf(process.getuid?.() !== 0)("a namespace that somebody else has filled", () => {
  test("its veth is the guest's: both ways, IPv4 and IPv6, and nothing is left of it", async () => {
    const { sandbox: netns, server } = await smallInternet();
    await netns.ip("neigh", "add", "10.9.0.77", "lladdr", "02:00:00:00:00:77", "dev", "eth0");
    await webServer(server, "hello");
    const sandbox = await connected(netns, "veth");
    expect(await run(sandbox, "ip", "addr", "show", "eth0")).toMatch(
      new RegExp(`mtu 1500.*${guestMac}.*10\\.9\\.0\\.2/24.*fd09::2/64`, "s"),
    );
    for (const address of ["192.0.2.1", "[2001:db8::1]"])
      expect(await run(sandbox, "wget", "-qO-", `http://${address}/`)).toMatch(
        /^hello (::ffff:10\.9\.0\.2|fd09::2)\n$/,
      );
    expect(await run(sandbox, "ip", "neigh")).toMatch(
      /10\.9\.0\.77 .*02:00:00:00:00:77.*PERMANENT/,
    );
    await server.run(["busybox", "ping", "-c1", "-W5", "10.9.0.2"]);
    await server.run(["busybox", "ping", "-6", "-c1", "-W5", "fd09::2"]);
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "tap0_kata"]);
    await sandbox.delete({ force: true });
    expect(await joined(netns)).toEqual(untouched);
  });

  test("interfaces come and go while it runs, and routes are changed", async () => {
    const { sandbox: netns, server } = await smallInternet();
    await webServer(server, "live");
    const sandbox = await connected(netns, "live");
    const second = { namespace: netns, name: "eth1", mac: "02:00:00:00:09:03" };
    await cable(second, {
      namespace: server,
      name: "down1",
      addresses: ["10.8.0.1/24", "fd08::1/64"],
    });
    const wanted = {
      name: "eth1",
      hwAddr: second.mac,
      mtu: 1300,
      ipAddresses: [
        { address: "10.8.0.2", mask: "24" },
        { address: "fd08::2", mask: "64" },
      ],
    };
    const added = await sandbox.addInterface(wanted);
    expect(added).toMatchObject({ ...wanted, type: "virtual", devicePath: expect.any(String) });
    await expect(sandbox.addInterface(wanted)).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    for (const address of ["10.8.0.1", "[fd08::1]"])
      expect(await run(sandbox, "wget", "-qO-", `http://${address}/`)).toMatch(
        /10\.8\.0\.2|fd08::2/,
      );
    expect(await sandbox.listInterfaces()).toContainEqual(
      expect.objectContaining({ name: "eth1", hwAddr: second.mac, mtu: 1300 }),
    );
    await sandbox.updateRoutes([{ device: "eth1", gateway: "10.8.0.1" }]);
    expect(await sandbox.listRoutes()).toContainEqual(
      expect.objectContaining({ device: "eth1", gateway: "10.8.0.1" }),
    );
    expect(await run(sandbox, "wget", "-qO-", "http://192.0.2.1/")).toBe("live ::ffff:10.8.0.2\n");
    expect(await sandbox.removeInterface(wanted)).toMatchObject({ name: "eth1" });
    expect(await sandbox.removeInterface(wanted)).toBeUndefined();
    expect((await sandbox.listInterfaces()).map(({ name }) => name)).not.toContain("eth1");
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "tap0_kata", "eth1"]);
    expect(await netns.run(["tc", "qdisc", "show", "dev", "eth1"])).not.toContain("ingress");
    await sandbox.addInterface(wanted);
    await expect(
      sandbox.addInterface({ ...wanted, name: "eth7", hwAddr: guestMac }),
    ).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
    await expect(
      sandbox.addInterface({ name: "eth7", hwAddr: "02:00:00:00:00:07" }),
    ).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "interface.name" });
  });

  test("what a killed process has left of it is given back by another", async () => {
    const { sandbox: netns } = await smallInternet();
    await connected(netns, "killed");
    const { vm } = JSON.parse(readFileSync(`${instance.stateDir}/sbs/killed/sandbox.json`, "utf8"));
    process.kill(vm.process.pid, "SIGKILL");
    await instance.vc.deleteSandbox("killed", { force: true });
    expect(await joined(netns)).toEqual(untouched);
  });

  test("a sandbox that is started again is connected again", async () => {
    const { sandbox: netns, server } = await smallInternet();
    await webServer(server, "again");
    const sandbox = await connected(netns, "restarted");
    await sandbox.stop();
    expect(await joined(netns)).toEqual(untouched);
    await sandbox.start();
    expect(await run(sandbox, "wget", "-qO-", "http://192.0.2.1/")).toContain("again");
  });

  test("what filters of somebody else are on it stays theirs, and the sandbox is refused", async () => {
    const { sandbox: netns } = await smallInternet();
    const foreign = "dev eth0 ingress pref 7 protocol all u32 match u8 0 0 flowid 1:1".split(" ");
    await netns.run(["tc", "qdisc", "add", "dev", "eth0", "ingress"]);
    await netns.run(["tc", "filter", "add", ...foreign]);
    await expect(connected(netns, "foreign")).rejects.toMatchObject({
      code: "HOST_FAILED",
      message: expect.stringMatching(/tc qdisc add dev eth0 ingress: .*Exclusivity|exists/),
    });
    expect((await joined(netns)).links).toEqual(["lo", "eth0"]);
    expect(await netns.run(["tc", "filter", "show", "dev", "eth0", "ingress"])).toContain("pref 7");
  });

  test("a namespace that is none, this host's own, or without links for a guest is refused", async () => {
    const bare = await testNamespace();
    for (const path of ["/nonexistent", "/etc/hosts", "/proc/self/ns/net", "/proc/self/ns/mnt"])
      await expect(connected({ ...bare, path }, "refused"), path).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "networkConfig.netNSPath",
      });
    await bare.ip("link", "add", "br0", "type", "bridge");
    await bare.ip("addr", "add", "10.1.1.1/24", "dev", "br0");
    await expect(connected(bare, "refused")).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
      message: "no link is for a guest: br0 (bridge)",
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)("models", () => {
  test.each(["tcfilter", "macvtap", "bridged", "routed"] as const)(
    "%s joins a veth and a guest, and leaves the veth as it was",
    async (interworkingModel) => {
      const { sandbox: netns, server } = await smallInternet();
      await webServer(server, "model");
      const state = async () =>
        [
          await netns.ip("addr", "show", "eth0"),
          await netns.ip("route"),
          await netns.ip("-6", "route"),
        ]
          .join("\n")
          .replaceAll(
            / (tentative|proto \w+|metric \d+|pref \w+|valid_lft \w+|preferred_lft \w+)/g,
            "",
          );
      const before = await state();
      const networkConfig = { netNSPath: netns.path, interworkingModel };
      const sandbox = await connected(netns, `model-${interworkingModel}`, { networkConfig });
      await crosses(sandbox, server);
      await sandbox.stop();
      expect(await state()).toBe(before);
      expect(await joined(netns)).toEqual(untouched);
    },
  );

  test.each(["tcfilter", "macvtap", "bridged", "routed"] as const)(
    "%s joins them again when the sandbox is started again",
    async (interworkingModel) => {
      const { sandbox: netns, server } = await smallInternet();
      await webServer(server, "again");
      const networkConfig = { netNSPath: netns.path, interworkingModel };
      const sandbox = await connected(netns, `again-${interworkingModel}`, { networkConfig });
      // The namespace then knows its neighbours, who are not the guest's where it is a router.
      await crosses(sandbox, server);
      await sandbox.stop();
      await sandbox.start();
      await crosses(sandbox, server);
    },
  );

  test("none joins no veth, and says so", async () => {
    const { sandbox: netns } = await smallInternet();
    const networkConfig = { netNSPath: netns.path, interworkingModel: "none" };
    await expect(connected(netns, "model-none", { networkConfig })).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
      field: "networkConfig.interworkingModel",
    });
    expect(await joined(netns)).toEqual(untouched);
  });
});

describe.skipIf(process.getuid?.() !== 0)("endpoints", () => {
  test("a tap is made for a running guest, with the namespace at its other end", async () => {
    const { sandbox: netns } = await smallInternet();
    const sandbox = await connected(netns, "of-tap");
    const wanted = {
      name: "tap9",
      hwAddr: "02:00:00:00:00:19",
      type: "tap",
      ipAddresses: [{ address: "10.7.0.2", mask: "24" }],
    };
    await sandbox.addInterface(wanted);
    await netns.ip("addr", "add", "10.7.0.1/24", "dev", "tap9");
    await netns.run(["busybox", "ping", "-c1", "-W5", "10.7.0.2"]);
    await sandbox.removeInterface(wanted);
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "tap0_kata"]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("rates", () => {
  const network = { rxRateBits: 50_000_000, txRateBits: 20_000_000 };
  const withModel = (netns: TestNamespace, interworkingModel: string) => ({
    networkConfig: { netNSPath: netns.path, interworkingModel },
    network,
  });
  const classes = (netns: TestNamespace, link: string) =>
    netns.run(["tc", "-s", "class", "show", "dev", link]);

  test.each(["tcfilter", "bridged"])(
    "by %s what comes to a guest and goes from it is limited, and the link is not afterwards",
    async (model) => {
      const { sandbox: netns, server } = await smallInternet();
      await webServer(server, "limited");
      const sandbox = await connected(netns, `rates-${model}`, withModel(netns, model));
      await run(sandbox, "wget", "-qO", "/dev/null", "http://192.0.2.1/bytes/200000");
      // What the guest gets passes the tap's limit, and what it sends that of the link.
      expect(await classes(netns, "tap0_kata")).toMatch(
        /rate 50Mbit ceil 50Mbit.*Sent [2-9]\d{5} /s,
      );
      expect(await classes(netns, "eth0")).toMatch(/rate 20Mbit ceil 20Mbit.*Sent [1-9]\d+ /s);
      await sandbox.delete({ force: true });
      expect(await classes(netns, "eth0")).toBe("");
      expect(await joined(netns)).toEqual(untouched);
    },
  );

  test("a direction that a way can't limit is refused by name", async () => {
    const { sandbox: netns } = await smallInternet();
    await expect(
      connected(netns, "rates-macvtap", withModel(netns, "macvtap")),
    ).rejects.toMatchObject({ code: "NOT_SUPPORTED", field: "network.rxRateBits" });
    expect(await joined(netns)).toEqual(untouched);
  });
});
