/** Networks that come and go while a container runs, on real VMs, inside a namespace that stands for the host. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { here, Lab, remote } from "./support/net/lab.ts";
import { Virtc } from "./support/virtc.ts";

let lab: Lab;
let virtc: Virtc;
let before: string[];

beforeAll(async () => {
  lab = await Lab.create();
  virtc = await Virtc.create({ netns: lab.netns });
  before = await lab.state();
});
afterEach(async () => {
  await virtc.removeAll();
  await virtc.run(["network", "prune"]);
});
afterAll(async () => {
  // The lab goes in any case.
  await using _lab = lab;
  expect(await virtc.end()).toEqual([]);
});

const server = ["busybox", "httpd", "-f"];

const start = (name: string, ...options: string[]): Promise<string> =>
  virtc.ok("run", "-d", "--name", name, ...options, ...server);
const inside = (name: string, ...argv: string[]): Promise<string> =>
  virtc.ok("exec", name, ...argv);
const fetch = (from: string, host: string): Promise<string> =>
  inside(from, "wget", "-qO-", `http://${host}/etc/hostname`);

/** What `virtc inspect` tells of its networks. */
async function networksOf(
  name: string,
): Promise<{ name: string; interfaceName?: string; addresses: string[] }[]> {
  return JSON.parse(await virtc.ok("inspect", name))[0].networks;
}

test("a running container is connected to a second network and let go of again", async () => {
  await virtc.ok("network", "create", "--ipv6", "front");
  await virtc.ok("network", "create", "--ipv6", "--subnet", "10.77.0.0/24", "back");
  await start("web", "--network", "front", "-p", "8080:80");
  await start("db", "--network", "back");
  const options = "--ip 10.77.0.9 --mac-address 02:00:00:00:77:09 --alias shop".split(" ");
  expect(await virtc.ok("network", "connect", ...options, "back", "web")).toBe("web\n");

  expect(await fetch("web", "db")).toBe("db\n");
  for (const host of ["shop", "web", "10.77.0.9"]) expect(await fetch("db", host)).toBe("web\n");
  const link = await inside("web", "ip", "addr", "show", "eth1");
  expect(link).toMatch(/02:00:00:00:77:09.*inet 10\.77\.0\.9\/24.*inet6 fd/s);
  // The way out, the ports and its own name are still those of the first network.
  expect(await lab.fetch(`http://${here.ip}:8080/etc/hostname`)).toBe("web\n");
  expect(await inside("web", "wget", "-qO-", `http://${remote.ip}/`)).toBe(`::ffff:${here.ip}`);
  expect(await networksOf("web")).toMatchObject([
    { name: "front", interfaceName: "eth0" },
    {
      name: "back",
      interfaceName: "eth1",
      macAddress: "02:00:00:00:77:09",
      addresses: ["10.77.0.9/24", expect.stringMatching(/^fd/)],
      aliases: ["shop"],
    },
  ]);
  expect(await virtc.ok("network", "inspect", "back")).toMatch(/"web"/);
  expect((await virtc.run(["network", "connect", "back", "web"])).stderr).toContain("already");
  const busy = await virtc.run(["network", "rm", "back"]);
  expect(busy).toMatchObject({ code: 125, stderr: expect.stringContaining("web") });

  expect(await virtc.ok("network", "disconnect", "back", "web")).toBe("web\n");
  expect(await inside("web", "ip", "-o", "link")).not.toContain("eth1");
  expect(await virtc.ok("network", "inspect", "back")).not.toMatch(/"web"/);
  const knock = ["exec", "db", "sh", "-c", "nc -w 2 10.77.0.9 80 </dev/null"];
  expect((await virtc.run(knock)).code).not.toBe(0);
  expect((await virtc.run(["network", "disconnect", "back", "web"])).stderr).toContain(
    "sandbox web is not in the network back",
  );
  expect(await lab.fetch(`http://${here.ip}:8080/etc/hostname`)).toBe("web\n");
  await virtc.ok("rm", "-f", "web", "db");
  expect(await lab.state()).toEqual(before);
});

test("a container without a network gets one, and names, while it runs", async () => {
  await virtc.ok("network", "create", "front");
  await start("other", "--network", "front");
  await start("alone", "--network", "none");
  await virtc.ok("network", "connect", "front", "alone");
  expect(await fetch("alone", "other")).toBe("other\n");
  expect(await fetch("other", "alone")).toBe("alone\n");
  const [{ addresses: [address = ""] = [] } = {}] = await networksOf("alone");
  const hosts = await inside("alone", "cat", "/etc/hosts");
  expect(hosts).toContain(`\n${address.split("/")[0]}\talone\n`);
  expect(await inside("alone", "cat", "/etc/resolv.conf")).toMatch(/^nameserver /m);
  // A second container of its VM, which comes later, is told the same.
  const late = ["run", "--rm", "--network", "container:alone", "busybox", "cat", "/etc/hosts"];
  expect(await virtc.ok(...late)).toBe(hosts);

  await virtc.ok("network", "disconnect", "-f", "front", "alone");
  expect(await inside("alone", "cat", "/etc/hosts")).toContain("\n127.0.0.1\talone\n");
  expect(await networksOf("alone")).toEqual([]);
  await virtc.ok("rm", "-f", "alone", "other");
  expect(await lab.state()).toEqual(before);
});

test("what was connected is there again after a restart, and what was disconnected is not", async () => {
  await virtc.ok("network", "create", "front");
  await virtc.ok("network", "create", "back");
  const create = ["sandbox", "create", "--id", "pod", "--network", "front", "-p", "8082:80"];
  await virtc.ok(...create, "--image", ...server);
  await virtc.ok("sandbox", "start", "pod");
  await virtc.ok("network", "connect", "back", "pod");
  await virtc.ok("network", "disconnect", "front", "pod");
  await virtc.ok("sandbox", "stop", "pod");
  expect(await networksOf("pod")).toMatchObject([{ name: "back", addresses: [] }]);
  // While it is stopped, too.
  await virtc.ok("network", "connect", "--alias", "late", "front", "pod");
  await virtc.ok("sandbox", "start", "pod");
  expect((await networksOf("pod")).map(({ name }) => name)).toEqual(["back", "front"]);
  expect(await lab.fetch("http://127.0.0.1:8082/etc/hostname")).toBe("pod\n");
  await start("other", "--network", "front");
  expect(await fetch("other", "late")).toBe("pod\n");
  await virtc.ok("sandbox", "stop", "pod");
  await virtc.ok("network", "disconnect", "front", "pod");
  await virtc.ok("network", "disconnect", "back", "pod");
  await virtc.ok("sandbox", "start", "pod");
  expect(await networksOf("pod")).toEqual([]);
  expect(await inside("pod", "ip", "-o", "link")).not.toContain("eth0");
});

test("what a killed client has left half connected is garbage, and the container goes on", async () => {
  await virtc.ok("network", "create", "front");
  await start("web", "--network", "none");
  for (const failpoint of ["cni.added.bridge", "network.hotplug.after", "network.connect.told"]) {
    const connect = ["network", "connect", "front", "web"];
    const killed = await virtc.run(connect, { env: { VIRTC_FAILPOINT: failpoint } });
    expect(killed.signal, failpoint).toBe("SIGKILL");
    expect(await virtc.ok("gc"), failpoint).toContain("front (eth0)");
    expect(await inside("web", "ip", "-o", "link")).not.toContain("eth0");
  }
  await virtc.ok("network", "connect", "front", "web");
  for (const failpoint of ["network.disconnect.marked", "network.unplugged"]) {
    const disconnect = ["network", "disconnect", "front", "web"];
    const killed = await virtc.run(disconnect, { env: { VIRTC_FAILPOINT: failpoint } });
    expect(killed.signal, failpoint).toBe("SIGKILL");
    // Whoever comes next ends what was begun.
    await virtc.ok("network", "connect", "front", "web");
    expect(await inside("web", "ip", "-o", "link")).toContain("eth0");
  }
  const stored = readFileSync(join(virtc.stateDir, "sbs/web/sandbox.json"), "utf8");
  expect(stored).not.toContain('"loose"');
  await virtc.ok("rm", "-f", "web");
  expect(await lab.state()).toEqual(before);
});
