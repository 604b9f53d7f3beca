import type { SandboxConfig } from "../config/sandbox.ts";
import { VirtError } from "../errors.ts";
import { assertCanAttach } from "../hypervisor/can-attach.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import { joinOf, modelFor } from "./interworking/models.ts";

type Networked = Pick<SandboxConfig, "networkConfig">;

/** True if the sandbox is to have a network namespace. */
export function wantsNetwork({ networkConfig }: Networked): boolean {
  return networkConfig !== undefined && !networkConfig.disableNewNetNs;
}

/** Refuses by name what the driver, the host or its namespace can't; takes nothing. */
export async function assertConnectable(
  { host }: Pick<Context, "host">,
  hypervisor: Hypervisor,
  config: Networked,
): Promise<void> {
  if (!wantsNetwork(config)) return;
  const { netNSPath, interworkingModel: model } = config.networkConfig ?? {};
  assertCanAttach(hypervisor, "network", "cold");
  if (host.uid !== 0) {
    throw new VirtError("NOT_SUPPORTED", "a network needs root", {
      field: "networkConfig",
      hint: "Run as root, or leave it out.",
    });
  }
  if (model !== "none") joinOf(modelFor("virtual", model));
  if (netNSPath !== undefined) await host.network.identifyNamespace(netNSPath);
}
