import type { SandboxConfig } from "../config/sandbox.ts";
import { invalidArgument, VirtError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { assertCanAttach } from "../hypervisor/can-attach.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import { readDan } from "./dan/links.ts";
import { canConnect } from "./default.ts";
import { joinOf, modelFor } from "./interworking/models.ts";

type Networked = Pick<SandboxConfig, "networkConfig" | "network">;

/** True if it is connected to networks by their names: nobody else fills its namespace. */
export function wantsNamedNetworks({ networkConfig, network }: Networked): boolean {
  return (
    wantsNetwork({ networkConfig, network }) &&
    network !== undefined &&
    networkConfig?.netNSPath === undefined &&
    networkConfig?.danConfigPath === undefined
  );
}

/** True if the sandbox is to have a network namespace. */
export function wantsNetwork({ networkConfig, network }: Networked): boolean {
  if (networkConfig?.disableNewNetNs) return false;
  return network !== undefined || networkConfig !== undefined;
}

/** Refuses by name what the driver, the host or its namespace can't; takes nothing. */
export async function assertConnectable(
  { host }: Pick<Context, "host">,
  hypervisor: Hypervisor,
  config: Networked,
): Promise<void> {
  if (!wantsNetwork(config)) return;
  const { netNSPath, danConfigPath, interworkingModel: model } = config.networkConfig ?? {};
  assertCanAttach(hypervisor, "network", "cold");
  if (!(await canConnect({ host }))) {
    throw new VirtError("NOT_SUPPORTED", "a network needs root", {
      field: config.network === undefined ? "networkConfig" : "network",
      hint: "Run as root, or leave it out.",
    });
  }
  if (model !== "none") joinOf(modelFor("virtual", model));
  if (
    config.network?.egress !== undefined &&
    model !== undefined &&
    model !== "default" &&
    model !== "routed"
  )
    throw invalidArgument(
      "networkConfig.interworkingModel",
      model,
      "an egress policy needs the model routed",
    );
  if (netNSPath !== undefined) await host.network.identifyNamespace(netNSPath);
  if (danConfigPath !== undefined) await assertDan(host, hypervisor, danConfigPath);
}

/** Refuses what the file of directly attachable networks says, and the driver or the host can't. */
async function assertDan(host: Host, hypervisor: Hypervisor, path: string): Promise<void> {
  const { netns, devices } = readDan(path);
  for (const kind of ["vhost-user", "vfio"] as const)
    if (devices.some(({ device }) => device.type === kind))
      assertCanAttach(hypervisor, kind, "cold");
  if (netns !== undefined)
    await host.network.identifyNamespace(netns, "networkConfig.danConfigPath.netns");
}
