import { VirtError } from "../errors.ts";
import type { DeviceKind } from "./device.ts";
import type { Hypervisor } from "./hypervisor.ts";

/** NOT_SUPPORTED, by its kind, for a device that the driver can't give a VM at that time. */
export function assertCanAttach(
  { type, capabilities }: Pick<Hypervisor, "type" | "capabilities">,
  kind: DeviceKind,
  when: "cold" | "hot",
): void {
  const able = when === "cold" ? capabilities.coldPlug : (capabilities.hotPlug ?? []);
  if (able.includes(kind)) return;
  const how = when === "cold" ? "at its start" : "while it runs";
  const known = able.join(", ") || "none";
  throw new VirtError(
    "NOT_SUPPORTED",
    `the hypervisor ${type} can't give a VM a device of the kind ${kind} ${how}`,
    { field: "devices", hint: `Kinds that it can: ${known}.` },
  );
}
