import { expect, test } from "vitest";
import {
  fromInterface,
  fromRoute,
  readInterface,
  readRoutes,
} from "../../src/programs/network-monitor/go-names.ts";

test("an interface is read as the monitor of the Go library writes it, and written so", () => {
  const json = JSON.stringify({
    Device: "eth1",
    Name: "eth1",
    IPAddresses: [
      { Family: 2, Address: "10.8.0.2", Mask: "24" },
      { Family: 10, Address: "fd08::2", Mask: "64" },
    ],
    Mtu: 1400,
    // UP, BROADCAST, RUNNING and the like are the kernel's; NOARP is told to the guest.
    RawFlags: 0x1_10c3 | 0x80,
    HwAddr: "02:00:00:00:00:09",
    PciPath: "",
    LinkType: "veth",
  });
  const read = readInterface(json);
  expect(read).toEqual({
    name: "eth1",
    hwAddr: "02:00:00:00:00:09",
    mtu: 1400,
    rawFlags: 0x80,
    type: "veth",
    ipAddresses: [
      { address: "10.8.0.2", mask: "24" },
      { address: "fd08::2", mask: "64" },
    ],
  });
  expect(fromInterface({ ...read, devicePath: "02/03" })).toEqual({
    ...JSON.parse(json),
    RawFlags: 0x80,
    PciPath: "02/03",
  });
});

test("what Go writes for none is none", () => {
  const bare = { Device: "", Name: "eth1", IPAddresses: null, HwAddr: "02:00:00:00:00:09" };
  expect(readInterface(JSON.stringify(bare))).toEqual({
    name: "eth1",
    hwAddr: "02:00:00:00:00:09",
    mtu: 0,
    rawFlags: 0,
  });
  expect(readRoutes("null")).toEqual([]);
  const route = { Dest: "", Gateway: "10.8.0.1", Device: "eth1", Source: "", Scope: 0 };
  expect(readRoutes(JSON.stringify([route]))).toEqual([
    { gateway: "10.8.0.1", device: "eth1", scope: 0 },
  ]);
  expect(fromRoute({ gateway: "10.8.0.1", device: "eth1" })).toEqual(route);
});

test.each(["", "{", "[]", '{"Name":"eth1"}', '{"HwAddr":7}'])("nonsense is refused: %j", (json) => {
  expect(() => readInterface(json)).toThrow();
});
