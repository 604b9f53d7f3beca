import { expect, test } from "vitest";
import { ResolvedHypervisorConfigSchema } from "../../src/hypervisor/config.ts";
import { ownConfig, QemuConfig } from "../../src/hypervisor/qemu/config.ts";
import { parse } from "../../src/validate.ts";
import { config } from "./support/spec.ts";

const common = parse(ResolvedHypervisorConfigSchema, config());

test("QEMU's own defaults lie in its part, and what every driver knows stays as it is", () => {
  expect(common).not.toHaveProperty("machineType");
  const resolved = parse(QemuConfig, ownConfig.resolve({}, common));
  expect(resolved).toMatchObject({ ...common, machineType: "q35", defaultBridges: 1, memSlots: 8 });
  expect(resolved).toMatchObject({ accelerator: "auto", disableImageNvdimm: true, mlock: false });
});

test("memory of a real-time VM is locked unless that was refused", () => {
  const of = (chosen: Parameters<typeof ownConfig.resolve>[0]) =>
    parse(QemuConfig, ownConfig.resolve(chosen, common)).mlock;
  expect([of({ realtime: true }), of({ realtime: true, mlock: false })]).toEqual([true, false]);
});

test("a configuration without QEMU's own fields is refused by its schema", () => {
  expect(() => parse(QemuConfig, common)).toThrow("machineType");
});
