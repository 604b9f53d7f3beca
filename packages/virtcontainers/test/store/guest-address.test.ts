import * as v from "valibot";
import { expect, test } from "vitest";
import {
  addressText,
  type GuestAddress,
  GuestAddressSchema,
  isPciPath,
  isScsiAddress,
  pciPath,
  scsiAddress,
} from "../../src/store/guest-address.ts";

test.each([
  [[0], "00"],
  [[0x1f], "1f"],
  [[2, 3], "02/03"],
  [[0x10, 1, 0x1e], "10/01/1e"],
])("slots %j are the PCI path %s", (slots, path) => {
  expect(pciPath(...slots)).toBe(path);
  expect(isPciPath(path)).toBe(true);
});

test.each([[[]], [[32]], [[-1]], [[1.5]], [[2, 99]]])("there are no slots %j", (slots) => {
  expect(() => pciPath(...slots)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

test.each(["", "2", "20", "/02", "02/", "02//03", "0g", "02/3", "1F", "../02"])(
  "%j is no PCI path",
  (text) => expect(isPciPath(text)).toBe(false),
);

test.each([
  [0, "0:0"],
  [1, "0:1"],
  [255, "0:255"],
  [256, "1:0"],
  [300, "1:44"],
  [512, "2:0"],
  [16_383, "63:255"],
])("disk %i has the SCSI address %s", (index, address) => {
  expect(scsiAddress(index)).toBe(address);
  expect(isScsiAddress(address)).toBe(true);
});

test.each([-1, 1.5, 16_384, 65_536])("there is no SCSI disk %d", (index) => {
  expect(() => scsiAddress(index)).toThrow(/0 to 16383/);
});

test.each(["", "1", "0:256", "64:0", "-1:0", "a:b", "0:1:2", "00:1"])(
  "%j is no SCSI address",
  (text) => expect(isScsiAddress(text)).toBe(false),
);

test.each<[GuestAddress, string]>([
  [{ kind: "pci", path: "02/03" }, "pci/02/03"],
  [{ kind: "scsi", address: "0:1" }, "scsi/0:1"],
  [{ kind: "ccw", device: "0.0.0001" }, "ccw/0.0.0001"],
  [{ kind: "mmio", node: "vda" }, "mmio/vda"],
])("%j is %s as text, and is read back from disk", (address, text) => {
  expect(addressText(address)).toBe(text);
  expect(v.parse(GuestAddressSchema, JSON.parse(JSON.stringify(address)))).toEqual(address);
});

test.each([
  { kind: "pci", path: "20" },
  { kind: "scsi", address: "64:0" },
  { kind: "ccw", device: "0.4.0001" },
  { kind: "ccw", device: "0.0.1" },
  { kind: "mmio", node: "../sda" },
  { kind: "usb", path: "1" },
])("%j is no address", (address) => {
  expect(v.is(GuestAddressSchema, address)).toBe(false);
});
