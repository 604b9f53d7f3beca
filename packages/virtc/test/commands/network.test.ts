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
