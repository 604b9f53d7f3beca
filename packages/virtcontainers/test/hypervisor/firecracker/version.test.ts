import { expect, test } from "vitest";
import {
  assertUsable,
  compare,
  readVersion,
  type Version,
} from "../../../src/hypervisor/firecracker/version.ts";
import { thrown } from "../../support/refusal.ts";

const program = "/usr/bin/firecracker";
const plain = { pci: false, jailed: false };
const pci = { pci: true, jailed: false };
const jailed = { pci: false, jailed: true };

test.each([
  ["Firecracker v1.16.1\n\n", [1, 16, 1]],
  ["Firecracker v1.12.1\nSupported snapshot data format versions: v6.0.0\n", [1, 12, 1]],
  ["Firecracker v1.17.0-dev\n\n", [1, 17, 0]],
  ["Jailer v1.14.1\n", [1, 14, 1]],
])("%j is a version", (output, version) => {
  expect(readVersion(program, output)).toEqual(version);
});

test.each(["", "\nFirecracker v1.2.3\n", "QEMU emulator version 7.2.22", "Firecracker v1.2\n"])(
  "%j is none",
  (output) => {
    expect(thrown(() => readVersion(program, output))).toMatchObject({
      code: "HYPERVISOR_FAILED",
      field: "hypervisorConfig.hypervisorPath",
    });
  },
);

test("what a program prints in place of a version is shown short and printable", () => {
  const { message } = thrown(() => readVersion(program, `\u001b[31m${"x".repeat(10_000)}`));
  expect(message).not.toContain("\u001b");
  expect(message.length).toBeLessThan(200);
});

test.each([
  [[1, 11, 9], plain, "1.12.0 or newer"],
  [[0, 25, 2], plain, "1.12.0 or newer"],
  [[1, 13, 0], pci, "CVE-2026-5747"],
  [[1, 14, 3], pci, "CVE-2026-5747"],
  [[1, 15, 0], pci, "CVE-2026-5747"],
  [[1, 12, 1], jailed, "CVE-2026-1386"],
  [[1, 13, 1], jailed, "CVE-2026-1386"],
  [[1, 14, 0], jailed, "CVE-2026-1386"],
] as const)("%j with %j is refused by name: %s", (version, use, why) => {
  const error = thrown(() => assertUsable(program, version, use));
  expect(error).toMatchObject({ code: "NOT_SUPPORTED", field: "hypervisorConfig.hypervisorPath" });
  expect(error.message).toContain(`${program} is Firecracker ${version.join(".")}`);
  expect(error.message).toContain(why);
});

test.each<[Version, typeof plain]>([
  [[1, 12, 0], plain],
  [[1, 12, 1], pci],
  [[1, 14, 0], plain],
  [[1, 15, 0], plain],
  [[1, 13, 2], jailed],
  [[1, 14, 1], jailed],
  [[1, 14, 4], { pci: true, jailed: true }],
  [[1, 15, 1], { pci: true, jailed: true }],
  [[2, 0, 0], { pci: true, jailed: true }],
])("%j with %j will do", (version, use) => {
  assertUsable(program, version, use);
});

test("versions are compared by number", () => {
  expect(compare([1, 9, 0], [1, 10, 0])).toBeLessThan(0);
  expect(compare([2, 0, 0], [1, 99, 99])).toBeGreaterThan(0);
  expect(compare([1, 14, 3], [1, 14, 3])).toBe(0);
});
