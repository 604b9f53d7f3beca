/** Networks by the command line, on real VMs, inside a namespace that stands for the host. */
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

test("a published port leads from the host to the container, and rm leaves nothing", async () => {
  await virtc.ok("run", "-d", "--name", "web", "-p", "8080:80", "-p", "127.0.0.1::81", ...server);
  expect(await virtc.ok("port", "web", "80")).toBe("0.0.0.0:8080\n");
  expect(await lab.fetch("http://127.0.0.1:8080/etc/hostname")).toBe("web\n");
  expect(await lab.fetch(`http://${here.ip}:8080/etc/hostname`)).toBe("web\n");
  expect(await virtc.ok("ps")).toMatch(/web .*0\.0\.0\.0:8080->80\/tcp/);
  await virtc.ok("rm", "-f", "web");
  expect(await lab.state()).toEqual(before);
});

test("a container that says nothing of a network gets out by the bridge, and with none has loopback alone", async () => {
  const out = ["busybox", "wget", "-qO-", `http://${remote.ip}/`];
  expect(await virtc.ok("run", "--rm", ...out)).toContain(here.ip);
  const links = ["busybox", "ip", "-o", "link"];
  expect(await virtc.ok("run", "--rm", ...links)).toContain("eth0");
  expect(await virtc.ok("run", "--rm", "--network", "none", ...links)).not.toContain("eth0");
  expect(await lab.state()).toEqual(before);
});

test("two containers of a network find each other by name, and a third one elsewhere does not", async () => {
  await virtc.ok("network", "create", "front");
  await virtc.ok("run", "-d", "--name", "web", "--network", "front:alias=shop", ...server);
  const fetch = (network: string, name: string) =>
    virtc.run([
      "run",
      "--rm",
      "--network",
      network,
      "busybox",
      "wget",

      "-qO-",
      `http://${name}/etc/hostname`,
    ]);
  expect(await fetch("front", "web")).toMatchObject({ code: 0, stdout: "web\n" });
  expect(await fetch("front", "shop")).toMatchObject({ code: 0, stdout: "web\n" });
  expect((await fetch("bridge", "web")).code).not.toBe(0);
  expect(await virtc.ok("network", "inspect", "front")).toContain('"web"');
  const busy = await virtc.run(["network", "rm", "front"]);
  expect(busy.code).toBe(125);
  expect(busy.stderr).toContain("web");
});

test("the way out is by NAT: a host of beyond sees this one's address", async () => {
  const out = await virtc.ok(
    "run",
    "--rm",
    "--network",
    "bridge",
    "busybox",
    "wget",
    "-qO-",
    `http://${remote.ip}/`,
  );
  expect(out).toBe(`::ffff:${here.ip}`);
});

test("IPv6 goes the same way out, and a container has its address of it", async () => {
  await virtc.ok("network", "create", "--ipv6", "six");
  await virtc.ok("run", "-d", "--name", "web", "--network", "six", ...server);
  const fetch = ["exec", "web", "wget", "-qO-", `http://[${remote.ip6}]/`];
  expect(await virtc.ok(...fetch)).toBe(here.ip6);
  expect(await virtc.ok("exec", "web", "cat", "/etc/hosts")).toMatch(/^fd.*\tweb$/m);
});

test("none is none", async () => {
  const addresses = ["busybox", "ip", "-o", "address"];
  const lines = (await virtc.ok("run", "--rm", "--network", "none", ...addresses))
    .trim()
    .split("\n");
  expect(lines.filter((line) => !/^\d+: lo /.test(line))).toEqual([]);
});

test("a port that is taken and a network that is none are refused before anything is started", async () => {
  await virtc.ok("run", "-d", "--name", "web", "-p", "8081:80", ...server);
  const taken = await virtc.run(["run", "--rm", "-p", "8081:80", ...server]);
  expect(taken.code).toBe(125);
  expect(taken.stderr).toMatch(/8081/);
  const unknown = await virtc.run(["run", "--rm", "--network", "nowhere", ...server]);
  expect(unknown.code).toBe(125);
  expect(unknown.stderr).toContain("there is no network nowhere");
  expect(await virtc.ok("ps", "-aq")).toBe("web\n");
});

test("a network is there again after a restart, with its ports", async () => {
  await virtc.ok(
    "sandbox",
    "create",
    "--id",
    "pod",
    "-p",
    "8082:80",
    "--image",
    "busybox",
    "httpd",
    "-f",
  );
  await virtc.ok("sandbox", "start", "pod");
  await virtc.ok("sandbox", "stop", "pod");
  await virtc.ok("sandbox", "start", "pod");
  expect(await lab.fetch("http://127.0.0.1:8082/etc/hostname")).toBe("pod\n");
});

test("a container in another one's VM has its network", async () => {
  await virtc.ok("run", "-d", "--name", "web", "--network", "bridge", ...server);
  const words = ["run", "--rm", "--network", "container:web", "busybox", "wget", "-qO-"];
  expect(await virtc.ok(...words, "http://127.0.0.1/etc/hostname")).toBe("web\n");
  expect(await virtc.ok("ps", "-q")).toBe("web\n");
});

test("names and name servers of a container are what the options say", async () => {
  const script = "cat /etc/resolv.conf; grep -v ip6 /etc/hosts; hostname -i";
  const options =
    "--network bridge --dns 192.0.2.53 --dns-search a.example --add-host db:192.0.2.9";
  const out = await virtc.ok(
    ...["run", "--rm", "-h", "box", ...options.split(" "), "--add-host", "host:host-gateway"],
    ...["busybox", "sh", "-c", script],
  );
  expect(out).toContain("nameserver 192.0.2.53\nsearch a.example\n");
  expect(out).toContain("192.0.2.9\tdb\n");
  const [, own] = /^([\d.]+)\tbox$/m.exec(out) ?? [];
  const [, gateway] = /^([\d.]+)\thost$/m.exec(out) ?? [];
  expect(own?.split(".").slice(0, 3)).toEqual(gateway?.split(".").slice(0, 3));
  expect(own).not.toBe(gateway);
});
