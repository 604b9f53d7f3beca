import { VirtError } from "../errors.ts";
import type { Hypervisor, HypervisorCapabilities, RunningVm, VmAbilities } from "./hypervisor.ts";

export type Ability = keyof VmAbilities;
export type VmThatCan<A extends Ability> = RunningVm & Pick<VmAbilities, A>;

interface Need {
  readonly can: (capabilities: HypervisorCapabilities) => boolean | undefined;
  /** What a VM would be asked. */
  readonly what: string;
  readonly field?: string;
  readonly hint: string;
}

const pause: Need = {
  can: (capabilities) => capabilities.pause,
  what: "pause a VM",
  hint: "Stop the sandbox instead.",
};
const hotPlug: Need = {
  can: (capabilities) => (capabilities.hotPlug ?? []).length > 0,
  what: "give devices to a VM that runs, nor take them back",
  hint: "Give the sandbox all its containers when it is created, and delete them when it is stopped.",
};
const resizing = "Create the sandbox anew with the size it needs.";

/** The capability that each ability needs. */
const needs: Readonly<Record<Ability, Need>> = {
  pause,
  resume: pause,
  attach: hotPlug,
  detach: hotPlug,
  resizeCpus: {
    can: (capabilities) => capabilities.cpuHotplug,
    what: "change the CPUs of a VM that runs",
    field: "cpus",
    hint: resizing,
  },
  resizeMemory: {
    can: (capabilities) => capabilities.memoryHotplug,
    what: "change the memory of a VM that runs",
    field: "memoryMiB",
    hint: resizing,
  },
};

/** NOT_SUPPORTED, by the driver's name, for what its capabilities lack. */
export function assertCan(
  { type, capabilities }: Pick<Hypervisor, "type" | "capabilities">,
  ability: Ability,
  sandboxId: string,
): void {
  const { can, what, field, hint } = needs[ability];
  if (can(capabilities)) return;
  throw new VirtError("NOT_SUPPORTED", `the hypervisor ${type} can't ${what}`, {
    sandboxId,
    field,
    hint,
  });
}

/** The VM with what it is to be asked. NOT_SUPPORTED by the capabilities, before anything is done. */
export async function vmThatCan<A extends Ability>(
  hypervisor: Pick<Hypervisor, "type" | "capabilities">,
  abilities: readonly A[],
  sandboxId: string,
  vm: () => Promise<RunningVm>,
): Promise<VmThatCan<A>> {
  for (const ability of abilities) assertCan(hypervisor, ability, sandboxId);
  const found = await vm();
  if (hasAll(found, abilities)) return found;
  const { type } = hypervisor;
  const lacking = abilities.filter((ability) => found[ability] === undefined).join(", ");
  throw new VirtError(
    "HYPERVISOR_FAILED",
    `the hypervisor ${type} has a capability and not its methods: ${lacking}`,
    { sandboxId, hint: `Mend the driver ${type}, or take the capability from it.` },
  );
}

function hasAll<A extends Ability>(vm: RunningVm, abilities: readonly A[]): vm is VmThatCan<A> {
  return abilities.every((ability) => vm[ability] !== undefined);
}
