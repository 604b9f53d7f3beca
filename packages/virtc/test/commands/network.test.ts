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

test("virtc network check tells what is wrong of each network", async () => {
  const { library, virtc } = setUp();
  await virtc("network", "create", "front");
  await virtc("network", "create", "back");
  expect(await virtc("network", "check")).toMatchObject({
    code: 0,
    out: "front: as it was made\nback: as it was made\n",
  });
  Object.assign(await library.networks.inspect("back"), { usedBy: ["web"] });
  expect(await virtc("network", "check", "front", "back")).toMatchObject({
    code: 125,
    out: "front: as it was made\nback: web is cut off\nWhat is broken of a container is made anew when it starts again.\n",
  });
  const { code, out } = await virtc("network", "check", "--json", "back");
  expect({ code, told: JSON.parse(out) }).toEqual({
    code: 125,
    told: [{ name: "back", wrong: ["web is cut off"] }],
  });
  expect(await virtc("network", "check", "none")).toMatchObject({
    code: 125,
    err: expect.stringContaining("there is no network none"),
  });
});

test("virtc network create takes a driver with a parent, as docker's names have it", async () => {
  const { virtc } = setUp();
  const options = "-d macvlan -o parent=eth0 --opt macvlan_mode=private --subnet 192.0.2.0/24 lan";
  expect((await virtc("network", "create", ...options.split(" "))).code).toBe(0);
  expect(JSON.parse((await virtc("network", "inspect", "lan")).out)).toMatchObject([
    { driver: "macvlan", parent: "eth0", mode: "private" },
  ]);
  expect((await virtc("network", "ls")).out).toMatch(/lan +macvlan +192\.0\.2\.0\/24/);
});

test.each([
  ["-d macvlan -o com.x=1", '--opt: "com.x" is not allowed; of the driver macvlan they are parent'],
  ["-d macvlan -o ipvlan_mode=l2", '--opt: "ipvlan_mode"'],
  ["-o parent=eth0", '--opt: "parent" is not allowed; of the driver bridge there are none'],
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

test("virtc network connect and disconnect tell the library what is asked for", async () => {
  const { library, virtc } = setUp();
  await virtc("run", "-d", "--name", "web", "busybox", "sleep", "9");
  const options =
    "--ip 10.90.0.5 --ip6 fd00::5 --mac-address 02:00:00:00:00:05 --alias db --interface back0";
  expect(await virtc("network", "connect", ...options.split(" "), "back", "web")).toMatchObject({
    code: 0,
    out: "web\n",
  });
  expect((await virtc("network", "disconnect", "-f", "back", "web")).out).toBe("web\n");
  const asked = {
    name: "back",
    ...{ ip: "10.90.0.5", ip6: "fd00::5", macAddress: "02:00:00:00:00:05" },
    ...{ aliases: ["db"], interfaceName: "back0" },
  };
  expect(library.calls.slice(-2)).toEqual([
    `connect web ${JSON.stringify(asked)}`,
    'disconnect web back {"force":true}',
  ]);
});

test.each([
  ["--ip 10.90.0", "--ip: "],
  ["--mac-address 01:00:00:00:00:05", "--mac-address: "],
  ["--alias a/b", "--alias: "],
  ["--interface 0eth", "--interface: "],
])("virtc network connect %s is refused", async (options, message) => {
  const { library, virtc } = setUp();
  const { code, err } = await virtc("network", "connect", ...options.split(" "), "back", "web");
  expect(code).toBe(125);
  expect(err).toContain(message);
  expect(library.calls).toEqual([]);
});
