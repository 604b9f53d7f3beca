import { expect, test } from "vitest";
import { fakeImage, fakeLibrary } from "../support/library.ts";
import { over } from "../support/virtc.ts";

function setUp() {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
  return { library, virtc: over(library) };
}

test("virtc network makes, lists, shows, removes and prunes", async () => {
  const { virtc } = setUp();
  const options = "--subnet 10.90.0.0/24 --gateway 10.90.0.9 --ip-range 10.90.0.128/25 --internal";
  const made = await virtc("network", "create", ...options.split(" "), "--label", "a=b", "back");
  expect(made).toMatchObject({ code: 0, out: "back\n" });
  await virtc("network", "create", "front");
  const list = await virtc("network", "ls");
  expect(list.out).toMatch(/back +bridge \(internal\) +10\.90\.0\.0\/24 +- /);
  expect((await virtc("network", "ls", "-q")).out).toBe("back\nfront\n");
  expect(JSON.parse((await virtc("network", "inspect", "back")).out)).toMatchObject([
    {
      subnets: [{ subnet: "10.90.0.0/24", gateway: "10.90.0.9", ipRange: "10.90.0.128/25" }],
      internal: true,
      labels: { a: "b" },
    },
  ]);
  expect((await virtc("network", "rm", "front")).out).toBe("front\n");
  expect((await virtc("network", "rm", "front")).err).toContain("there is no network front");
  expect(JSON.parse((await virtc("network", "prune", "--json")).out)).toEqual({
    removed: ["back"],
  });
});

test.each([
  ["--subnet 10.90.0.0", '--subnet: "10.90.0.0" is not allowed; it must be a subnet'],
  ["--subnet 10.90.0.0/33", "--subnet: "],
  ["--subnet 10.90.0.0/24 --gateway 10.91.0.1", "--gateway: "],
  ["--gateway 10.91.0.1", '--gateway: "10.91.0.1" is not allowed; it must lie in a --subnet'],
  ["--subnet fd00::/64 --ip-range 10.0.0.0/25", "it must lie in a --subnet"],
  ["--subnet fd00::/64 --gateway fd00::1 --gateway fd00::2", "has another one already"],
  ["--mtu 100", "--mtu: "],
  ["--label x", '--label: "x" is not allowed; it must be KEY=VALUE'],
  ["--driver overlay", "--driver"],
])("virtc network create %s is refused", async (options, message) => {
  const { virtc } = setUp();
  const { code, err } = await virtc("network", "create", ...options.split(" "), "n");
  expect(code).toBe(125);
  expect(err).toContain(message);
});

test("virtc network connect and disconnect speak of one network and one container", async () => {
  const { library, virtc } = setUp();
  await library.createSandbox({ id: "web", containers: [] });
  library.calls.length = 0;
  const options = "--ip 10.90.0.5 --ip6 fd00::5 --mac-address 02:00:00:00:00:05 --interface back0";
  const words = ["network", "connect", ...options.split(" "), "--alias", "db", "back", "web"];
  expect((await virtc(...words)).code).toBe(0);
  await virtc("network", "disconnect", "back", "web");
  const attachment = {
    ...{ name: "back", ip: "10.90.0.5", ip6: "fd00::5", macAddress: "02:00:00:00:00:05" },
    ...{ interfaceName: "back0", aliases: ["db"] },
  };
  expect(library.calls).toEqual([
    `connect web ${JSON.stringify(attachment)}`,
    "disconnect web back",
  ]);
  const wrong = await virtc("network", "connect", "--ip", "x", "back", "web");
  expect(wrong.err).toContain('--ip: "x" is not allowed; it must be an IPv4 address');
});

test("virtc port and ps tell the ports of the host that lead to a container", async () => {
  const { virtc } = setUp();
  const ports = ["-p", "8080:80", "-p", "127.0.0.1:5353:53/udp", "-p", "[::1]:81:81"];
  await virtc("sandbox", "create", "--id", "web", ...ports, "--image", "busybox", "httpd");
  expect((await virtc("port", "web")).out).toBe(
    "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n53/udp -> 127.0.0.1:5353\n81/tcp -> [::1]:81\n",
  );
  expect((await virtc("port", "web", "80")).out).toBe("0.0.0.0:8080\n[::]:8080\n");
  expect((await virtc("port", "web", "53/udp")).out).toBe("127.0.0.1:5353\n");
  expect(JSON.parse((await virtc("port", "web", "--json")).out)).toHaveLength(3);
  for (const [port, message] of [
    ["53", "no port of this host leads to 53/tcp of web"],
    ["53/icmp", 'the port: "53/icmp" is not allowed'],
  ] as const)
    expect(await virtc("port", "web", port)).toMatchObject({
      code: 125,
      err: expect.stringContaining(message),
    });
  const line = "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 127.0.0.1:5353->53/udp, [::1]:81->81/tcp";
  expect((await virtc("ps", "-a")).out).toContain(line);
  expect(JSON.parse((await virtc("ps", "-a", "--json")).out)[0].ports).toHaveLength(3);
});
