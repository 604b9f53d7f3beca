import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";
import { connectedTo, crosses, joined, run } from "./support/net/connected.ts";
import { cable, frames, guestMac, setUp, webServer } from "./support/net/internet.ts";
import { firstLine, type TestNamespace, testNamespace } from "./support/net/namespace.ts";

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
  expect(leftovers(instance)).toEqual([]);
});

function folder(parent = tmpdir(), name = "vc-dan-"): string {
  const path = mkdtempSync(join(parent, name));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A host with a device for a guest, by the link that it is reached by. */
async function serve(server: TestNamespace, link: string, says: string): Promise<void> {
  await setUp({ namespace: server, name: link, addresses: ["10.9.0.1/24", "fd09::1/64"] });
  for (const address of ["192.0.2.1/32", "2001:db8::1/128"])
    await server.ip("addr", "add", address, "dev", "lo");
  await webServer(server, says);
}

/** A file with one device, in the words of the format. */
function danFile(device: object, netns: string | null): string {
  const path = join(folder(), "dan.json");
  const network_info = {
    interface: {
      ip_addresses: ["10.9.0.2/24", "fd09::2/64"],
      mtu: 1400,
      ntype: "tuntap",
      flags: 0,
    },
    routes: [
      { dest: "", gateway: "10.9.0.1", source: "", scope: 0 },
      { dest: "", gateway: "fd09::1", source: "", scope: 0 },
    ],
    neighbors: [
      { ip_address: "10.9.0.77", hardware_addr: "02:00:00:00:00:77", state: 0, flags: 0 },
    ],
  };
  const devices = [{ name: "eth0", guest_mac: guestMac, device, network_info }];
  writeFileSync(path, JSON.stringify({ netns, devices }));
  return path;
}

describe.skipIf(process.getuid?.() !== 0)("a directly attachable network", () => {
  test("by vhost-user: a process serves the guest's device, also when it is started again", async () => {
    const server = await testNamespace();
    const socket = join(folder(), "switch.sock");
    const serving = server.start(frames("vhost-user", "down0", socket));
    await firstLine(serving);
    await serve(server, "down0", "served");
    const danConfigPath = danFile({ type: "vhost-user", path: socket, queue_num: 1 }, null);
    const networkConfig = { danConfigPath };
    const sandbox = await connectedTo(instance, server, "dan-vhost-user", { networkConfig });
    await crosses(sandbox, server);
    expect(await run(sandbox, "ip", "link", "show", "eth0")).toMatch(
      new RegExp(`mtu 1400.*${guestMac}`, "s"),
    );
    expect(await run(sandbox, "ip", "neigh")).toMatch(/10\.9\.0\.77 .*PERMANENT/);
    // Without it the guest goes on, and its link leads nowhere until it is started anew.
    const ended = once(serving, "exit");
    serving.kill("SIGKILL");
    await ended;
    expect(await run(sandbox, "cat", "/sys/class/net/eth0/carrier")).toBe("0\n");
    rmSync(socket);
    await firstLine(server.start(frames("vhost-user", "down0", socket)));
    await setUp({ namespace: server, name: "down0", addresses: ["10.9.0.1/24", "fd09::1/64"] });
    await sandbox.stop();
    expect(statSync(socket).uid).toBe(0);
    await sandbox.start();
    await crosses(sandbox, server);
    await sandbox.delete({ force: true });
    expect(statSync(socket).uid).toBe(0);
  });

  test("by host-tap: the guest is at the other end of a tap, which stays", async () => {
    const netns = await testNamespace();
    await netns.ip("tuntap", "add", "dan0", "mode", "tap");
    await serve(netns, "dan0", "tap");
    const danConfigPath = danFile({ type: "host-tap", tap_name: "dan0", queue_num: 1 }, netns.path);
    const networkConfig = { danConfigPath };
    const sandbox = await connectedTo(instance, netns, "dan-tap", { networkConfig });
    await crosses(sandbox, netns);
    await sandbox.delete({ force: true });
    expect(await netns.ip("-o", "link", "show")).toContain("dan0");
    const wrong = danFile({ type: "host-tap", tap_name: "lo" }, netns.path);
    await expect(
      connectedTo(instance, netns, "dan-wrong", { networkConfig: { danConfigPath: wrong } }),
    ).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "networkConfig.danConfigPath.devices.0.device.tap_name",
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)("a link that a process serves by its address", () => {
  /** Addresses of this run's own, since the folder of the socket has its name of them. */
  const net = `10.${128 + Math.floor(Math.random() * 64)}.${Math.floor(Math.random() * 256)}`;

  /** A veth of the sandbox's namespace that nothing passes, and a process that serves it. */
  async function served(netns: TestNamespace, name: string, host: number) {
    const server = await testNamespace();
    const other = await testNamespace();
    await cable(
      { namespace: netns, name, addresses: [`${net}.${host}/30`] },
      { namespace: other, name: "nothing" },
    );
    const base = `/tmp/vhostuser_${net}.${host}`;
    await netns.run(["mkdir", "-m", "755", base]);
    onTestFinished(() => rmSync(base, { recursive: true, force: true }));
    await firstLine(server.start(frames("vhost-user", "down0", join(base, "vhu.sock"))));
    await setUp({ namespace: server, name: "down0", addresses: [`${net}.${host - 1}/30`] });
    return server;
  }

  test("is the guest's, from the start and while it runs", async () => {
    const netns = await testNamespace();
    const cold = await served(netns, "eth0", 2);
    const sandbox = await connectedTo(instance, netns, "served");
    await cold.run(["busybox", "ping", "-c1", "-W5", `${net}.2`]);
    const hot = await served(netns, "eth1", 6);
    const hwAddr = "02:00:00:00:09:33";
    await sandbox.addInterface({
      name: "eth1",
      hwAddr,
      ipAddresses: [{ address: `${net}.6`, mask: "30" }],
    });
    await hot.run(["busybox", "ping", "-c1", "-W5", `${net}.6`]);
    expect(await sandbox.removeInterface({ name: "eth1", hwAddr })).toMatchObject({
      type: "vhost-user",
    });
    expect(statSync(`/tmp/vhostuser_${net}.6/vhu.sock`).uid).toBe(0);
    await cold.run(["busybox", "ping", "-c1", "-W5", `${net}.2`]);
    await sandbox.delete({ force: true });
    expect((await joined(netns)).links).toEqual(["lo", "eth0", "eth1"]);
  });

  test("is refused with a limit, and a guest whose memory is its own can have none", async () => {
    const netns = await testNamespace();
    await served(netns, "eth0", 10);
    await expect(
      connectedTo(instance, netns, "limited", { network: { rxRateBits: 1_000_000 } }),
    ).rejects.toMatchObject({ code: "NOT_SUPPORTED", field: "network.rxRateBits" });
    const plain = await testNamespace();
    const peer = await testNamespace();
    await cable(
      { namespace: plain, name: "eth0", addresses: ["10.9.0.2/24"] },
      { namespace: peer, name: "down0", addresses: ["10.9.0.1/24"] },
    );
    const sandbox = await connectedTo(instance, plain, "own-memory");
    await served(plain, "eth1", 14);
    await expect(
      sandbox.addInterface({ name: "eth1", hwAddr: "02:00:00:00:09:35" }),
    ).rejects.toMatchObject({ code: "NOT_SUPPORTED", field: "interface" });
    expect(statSync(`/tmp/vhostuser_${net}.14/vhu.sock`).uid).toBe(0);
    expect((await sandbox.listInterfaces()).map(({ name }) => name)).not.toContain("eth1");
  });
});
