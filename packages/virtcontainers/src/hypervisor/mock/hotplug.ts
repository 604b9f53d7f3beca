import type { GuestAddress } from "../../store/guest-address.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { Device } from "../device.ts";

export function attachDevice({ devices }: VmState, { id }: Device): GuestAddress {
  const address = freeAddress(devices);
  devices[id] = address;
  return address;
}

export function detachDevice({ devices }: VmState, id: string): void {
  delete devices[id];
}

/** The lowest free slot behind the bridge in slot 2. */
export function freeAddress(devices: Readonly<Record<string, GuestAddress>>): GuestAddress {
  const taken = new Set(Object.values(devices).map((a) => (a.kind === "pci" ? a.path : "")));
  for (let slot = 1; ; slot++) {
    const path = `02/${slot.toString(16).padStart(2, "0")}`;
    if (!taken.has(path)) return { kind: "pci", path };
  }
}
