/** Egress policies by the command line, on real VMs and the default network, inside a namespace that stands for the host. */
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { here, Lab, remote } from "./support/net/lab.ts";
import { Virtc } from "./support/virtc.ts";

let lab: Lab;
let virtc: Virtc;

beforeAll(async () => {
  lab = await Lab.create();
  virtc = await Virtc.create({ netns: lab.netns });
});
afterEach(() => virtc.removeAll());
afterAll(async () => {
  await using _lab = lab;
  expect(await virtc.end()).toEqual([]);
});

test("a container reaches what its policy allows by NAT, is reached by its port, and nothing else", async () => {
  const server = ["busybox", "httpd", "-f"];
  await virtc.ok("run", "-d", "--name", "other", "--network", "bridge", ...server);
  const allowed = ["--egress", `allow:${remote.ip}:80`];
  await virtc.ok("run", "-d", "--name", "web", "-p", "8080:80", ...allowed, ...server);
  const get = (address: string) =>
    virtc.run(["exec", "web", "wget", "-qO-", `http://${address}/etc/hostname`]);
  expect(await lab.fetch("http://127.0.0.1:8080/etc/hostname")).toBe("web\n");
  expect((await get(remote.ip)).stdout).toBe(`::ffff:${here.ip}`);
  const neighbour =
    /inet (\S+)\//.exec(await virtc.ok("exec", "other", "ip", "-4", "addr", "show", "eth0"))?.[1] ??
    "";
  expect(neighbour).not.toBe("");
  for (const address of [neighbour, here.ip])
    expect((await get(address)).code, address).not.toBe(0);
  expect(await virtc.ok("network", "policy", "web")).toMatch(
    new RegExp(`allow +${remote.ip}:80 +packets +[1-9]`),
  );
  expect(await virtc.ok("network", "log", "web")).toContain(
    `deny packet ${neighbour}:80 tcp (builtin)`,
  );
  await virtc.ok("network", "policy", "web", "--egress", "default:deny");
  expect((await get(remote.ip)).code).not.toBe(0);
  await virtc.ok("rm", "-f", "web", "other");
});

test("a rule that is none is told, and nothing is made", async () => {
  const before = await lab.state();
  const { code, stderr } = await virtc.run([
    "run",
    "--rm",
    "--egress",
    "allow:10.0.0.0/99",
    "busybox",
    "true",
  ]);
  expect(code).toBe(125);
  expect(stderr).toContain(
    '"10.0.0.0/99" is not allowed; it must be an address or a block of addresses',
  );
  expect(await lab.state()).toEqual(before);
});
