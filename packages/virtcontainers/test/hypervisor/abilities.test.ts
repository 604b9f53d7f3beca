import { expect, test } from "vitest";
import { type Ability, vmThatCan } from "../../src/hypervisor/abilities.ts";
import type { HypervisorCapabilities, RunningVm } from "../../src/hypervisor/hypervisor.ts";

const least: HypervisorCapabilities = {
  coldPlug: ["disk"],
  logCarriers: ["disk"],
  agentTransport: "virtio-serial",
  agentClients: 1,
};
const bare: RunningVm = {
  state: { process: { pid: 1, startTime: "1" }, marker: "marker", devices: {}, driver: {} },
  gone: new Promise(() => {}),
  connectAgent: () => Promise.reject(new Error("there is no agent")),
  status: async () => "running",
  cpuThreads: async () => [],
  stop: async () => {},
  consoleTail: async () => "",
  release: () => {},
};
const ask = (capabilities: HypervisorCapabilities, vm: RunningVm, ...abilities: Ability[]) =>
  vmThatCan({ type: "toy", capabilities }, abilities, "sb", async () => vm);

const abilities: [Ability, Partial<HypervisorCapabilities>][] = [
  ["pause", { pause: true }],
  ["resume", { pause: true }],
  ["attach", { hotPlug: ["disk"] }],
  ["detach", { hotPlug: ["disk"] }],
  ["resizeCpus", { cpuHotplug: true }],
  ["resizeMemory", { memoryHotplug: true }],
];

test.each(abilities)("%s is refused by name without %j, whatever the VM has", async (name) => {
  await expect(ask(least, { ...bare, [name]: async () => {} }, name)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    sandboxId: "sb",
    message: expect.stringContaining("the hypervisor toy can't "),
  });
});

test.each(abilities)(
  "%s is the VM's own with %j, and not there is the driver's fault",
  async (name, has) => {
    const vm = { ...bare, [name]: async () => {} };
    expect(await ask({ ...least, ...has }, vm, name)).toBe(vm);
    await expect(ask({ ...least, ...has }, bare, name)).rejects.toMatchObject({
      code: "HYPERVISOR_FAILED",
      message: expect.stringContaining(name),
    });
  },
);

test("a VM that is asked for nothing more needs no capability", async () => {
  expect(await ask(least, bare)).toBe(bare);
});
