import { expect, it } from "vitest";
import { tapOptions } from "../raw-tap.ts";

const device = ["-device", '{"driver":"virtio-net-pci","netdev":"net0","mac":"02:00:00:00:00:01"}'];

it.each([
  ["tap,id=net0,fds=9", "tap,id=net0,fds=3"],
  ['{"type":"tap","id":"net0","fds":"9"}', '{"type":"tap","id":"net0","fds":"3"}'],
])("takes the interface from QEMU's words, with the inherited tap: %s", (given, own) => {
  const words = [
    "-device",
    "isa-serial,chardev=console",
    "-netdev",
    given,
    ...device,
    "-m",
    "256M",
  ];
  expect(tapOptions(words)).toEqual(["-netdev", own, ...device]);
});

it("tells where there is none", () => {
  expect(() => tapOptions(["-device", "virtio-rng-pci"])).toThrow("no tap");
});
