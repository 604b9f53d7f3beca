import { expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import type { VmSpec } from "../../src/hypervisor/hypervisor.ts";
import { createMockHypervisor } from "../../src/hypervisor/mock/index.ts";
import { createQemu } from "../../src/hypervisor/qemu/index.ts";
import { Hypervisors } from "../../src/hypervisor/registry.ts";
import { silentLogger } from "../../src/log.ts";

const own = createMockHypervisor({ serveAgent: () => {} });
const drivers = new Hypervisors(createHost(), silentLogger, { "my-vmm": own });

test("a driver is found by its name, and one is the default", () => {
  expect(drivers.types).toEqual(["qemu", "my-vmm"]);
  expect(drivers.of({ hypervisorType: "my-vmm" })).toBe(own);
  expect(drivers.of({}).type).toBe("qemu");
});

test("a driver takes the place of ours of the same name", () => {
  const replaced = new Hypervisors(createHost(), silentLogger, { qemu: own });
  expect(replaced.of({})).toBe(own);
});

test.each(["xen", "toString", ""])(
  "a name that is none, %j, is refused with those that are",
  (hypervisorType) => {
    expect(() => drivers.of({ hypervisorType })).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        field: "hypervisorType",
        message: expect.stringContaining("it must be qemu or my-vmm"),
      }),
    );
  },
);

test("what a driver can do goes by the machine that a configuration asks for", () => {
  const of = (hypervisorMachineType?: "pc" | "microvm") =>
    new Hypervisors(createHost(), silentLogger).of({ hypervisorConfig: { hypervisorMachineType } })
      .capabilities;
  expect(of("pc")).toEqual(of());
  expect(of()).toMatchObject({ cpuHotplug: true, memoryHotplug: true });
  expect(of("microvm")).toEqual({
    ...of(),
    // A card of the host's is PCI's.
    coldPlug: of().coldPlug.filter((kind) => kind !== "vfio"),
    hotPlug: [],
    cpuHotplug: false,
    memoryHotplug: false,
  });
});

test("a driver made of ours keeps what it does otherwise", async () => {
  const ours = new Hypervisors(createHost(), silentLogger).of({});
  const command = async () => ({ path: "/own", args: [] });
  const { type, ...others } = createQemu(createHost(), silentLogger);
  const made = new Hypervisors(createHost(), silentLogger, {
    made: { ...others, type: "made", command },
  }).of({ hypervisorType: "made", hypervisorConfig: { hypervisorMachineType: "microvm" } });
  expect(made).toMatchObject({ type: "made", capabilities: { cpuHotplug: false } });
  expect(await made.command({} as VmSpec)).toEqual({ path: "/own", args: [] });
  expect(ours.type).toBe(type);
});
