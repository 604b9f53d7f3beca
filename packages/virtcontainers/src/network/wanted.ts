import type { SandboxConfig } from "../config/sandbox.ts";
import { invalidArgument, VirtError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { assertCanAttach } from "../hypervisor/can-attach.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";
import { readDan } from "./dan/links.ts";
import { joinOf, modelFor } from "./interworking/models.ts";
import { assertMonitorable } from "./monitor/check.ts";

type Networked = Pick<SandboxConfig, "networkConfig" | "network" | "ports" | "containers">;

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
  assertHooksCan(hypervisor, config);
  assertMonitorable(host, hypervisor, config.networkConfig?.netmonConfig);
  await host.network.assertUsable();
  if (host.network.apart && (config.ports ?? []).some(({ protocol }) => protocol === "sctp"))
    throw new VirtError("NOT_SUPPORTED", "publishing a port of SCTP needs root", {
      field: "ports",
      hint: "Run as root, or publish ports of TCP and UDP alone.",
    });
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

/** NOT_SUPPORTED for docker's own hook, which needs the process of the VM, where a VM that runs can't be given links. */
function assertHooksCan({ type, capabilities }: Hypervisor, { containers = [] }: Networked): void {
  if (capabilities.hotPlug?.includes("network")) return;
  const index = containers.findIndex(({ customSpec }) => {
    const { prestart = [], createRuntime = [] } = customSpec?.hooks ?? {};
    return [...prestart, ...createRuntime].some(({ args }) => args?.includes("libnetwork-setkey"));
  });
  if (index < 0) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    `containers.${index}.customSpec.hooks: docker connects a VM that runs, and the hypervisor ${type} can't be given links then`,
    {
      field: `containers.${index}.customSpec.hooks`,
      hint: "Use another hypervisor, or name a namespace that is filled before: networkConfig.netNSPath.",
    },
  );
}
