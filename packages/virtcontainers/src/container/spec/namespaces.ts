import type { OciLinux } from "../../config/oci/linux.ts";
import { VirtError } from "../../errors.ts";
import type { StoredSandbox } from "../../store/schema.ts";

/** The feature that an agent names if containers can be in its own pid namespace. */
const agentPidsFeature = "agent-pids";

/** By this path the agent's pid namespace is asked for. */
const agentPids = "/proc/1/ns/pid";

/** Namespaces of a container's own; network and IPC are the sandbox's in any case. */
export const namespaces = ["pid", "ipc", "uts", "mount", "cgroup"] as const;

/** The namespaces of a container, as its sandbox has it. NOT_SUPPORTED. */
export function namespacesSpec(
  sandbox: Pick<StoredSandbox, "config" | "agentFeatures">,
): NonNullable<OciLinux["namespaces"]> {
  if (!sandbox.config.enableAgentPidNs) return namespaces.map((type) => ({ type }));
  if (!sandbox.agentFeatures.includes(agentPidsFeature)) {
    throw new VirtError(
      "NOT_SUPPORTED",
      "the agent of this guest keeps its pid namespace to itself",
      {
        field: "enableAgentPidNs",
        hint: "Use sharePidNs, by which the containers see each other's processes.",
      },
    );
  }
  return namespaces.map((type) => (type === "pid" ? { type, path: agentPids } : { type }));
}
