import { seccompFeature } from "../../agent/agent.ts";
import type { Seccomp } from "../../config/oci/seccomp.ts";
import { VirtError } from "../../errors.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { defaultSeccomp } from "./oci/default-seccomp.ts";

/** The part of a sandbox that decides about filters. */
export type Filtering = Pick<StoredSandbox, "config" | "agentFeatures">;

/** The filter of system calls that a container gets; undefined: none. NOT_SUPPORTED. */
export function seccompSpec(
  { id, config }: StoredContainer,
  sandbox: Filtering,
  capabilities: readonly string[],
): Seccomp | undefined {
  if (sandbox.config.disableGuestSeccomp) return undefined;
  const open = config.customSpec !== undefined || config.privileged;
  const fallback = open ? "unconfined" : "default";
  const asked = config.seccomp ?? config.customSpec?.linux?.seccomp ?? fallback;
  if (asked === "unconfined") return undefined;
  const able = sandbox.agentFeatures.includes(seccompFeature);
  if (asked === "default") return able ? defaultSeccomp(capabilities) : undefined;
  if (able) return asked;
  throw new VirtError("NOT_SUPPORTED", "the guest's kernel can't filter system calls", {
    containerId: id,
    field: "seccomp",
    hint: "Leave the filter out, or use a guest kernel with CONFIG_SECCOMP_FILTER.",
  });
}
