import * as v from "valibot";
import { knownCapabilities } from "./capabilities.ts";

/** Changes of what a container may do, from what it may by default; names such as `NET_ADMIN` or `CAP_NET_ADMIN`, or `ALL`. */
export interface CapabilityChanges {
  /** What it may do beside. */
  add?: readonly string[] | undefined;
  /** What it may not do; what is added goes before it, unless all is. */
  drop?: readonly string[] | undefined;
}

const capability = v.pipe(
  v.string("it must be a text"),
  v.check(
    (name) => /^(CAP_)?ALL$/i.test(name) || knownCapabilities.includes(capabilityName(name)),
    "it must be a capability such as NET_ADMIN, or ALL",
  ),
);

export const CapabilityChangesSchema = v.strictObject({
  add: v.optional(v.array(capability)),
  drop: v.optional(v.array(capability)),
});

/** A capability as the kernel's documents write it. */
export function capabilityName(name: string): string {
  return name.toUpperCase().replace(/^(CAP_)?/, "CAP_");
}
