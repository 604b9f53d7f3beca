import { defaultCapabilities, knownCapabilities } from "../../config/capabilities.ts";
import type { Cmd } from "../../config/cmd.ts";
import { type CapabilityChanges, capabilityName } from "../../config/rights.ts";

/** As in docker: what is added goes before what is dropped, unless ALL is added. */
export function changedCapabilities(
  { add = [], drop = [] }: CapabilityChanges,
  privileged: boolean,
): Cmd["capabilities"] {
  if (add.length === 0 && drop.length === 0) return undefined;
  const added = new Set(add.map(capabilityName));
  const dropped = new Set(drop.map(capabilityName));
  const base = added.has("CAP_ALL") || privileged ? knownCapabilities : defaultCapabilities;
  const kept = dropped.has("CAP_ALL") ? [] : base.filter((name) => !dropped.has(name));
  const more = [...added].filter((name) => name !== "CAP_ALL" && !kept.includes(name));
  const all = [...kept, ...more];
  return { bounding: all, effective: all, permitted: all };
}
