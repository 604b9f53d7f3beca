import type { SandboxConfig } from "../config/sandbox.ts";
import { VirtError } from "../errors.ts";
import type { KernelFlavour } from "../guest/assets.ts";
import { transports } from "../hypervisor/agent-transport.ts";
import type { ResolvedHypervisorConfig } from "../hypervisor/config.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Context } from "../operation/context.ts";

/** What only one of our kernels can do as it boots. */
const only: readonly { field: "useVSock" | "iommu"; flavour: KernelFlavour; what: string }[] = [
  { field: "useVSock", flavour: "tuned", what: "speaks vsock from the start" },
  { field: "iommu", flavour: "debian", what: "has a driver for the IOMMU" },
];

/** Refuses by name what the driver or the guest's kernel lacks; a kernel of the caller's own may have it. */
export async function assertGuestCan(
  context: Context,
  hypervisor: Hypervisor,
  config: SandboxConfig,
  resolved: ResolvedHypervisorConfig,
): Promise<void> {
  const { agentTransport, agentClients } = hypervisor.capabilities;
  const ports = transports[agentTransport].ports && !resolved.useVSock;
  if (ports && resolved.agentPorts > agentClients) {
    const why = `the hypervisor ${hypervisor.type} lets ${agentClients} processes at once talk to the agent`;
    throw refusal("agentPorts", why, `It can be 1 to ${agentClients}.`);
  }
  if (resolved.useVSock && !hypervisor.capabilities.coldPlug.includes("vsock")) {
    const why = `the hypervisor ${hypervisor.type} reaches its agent by ${agentTransport}`;
    throw refusal("useVSock", why, "Leave it out.");
  }
  if (config.hypervisorConfig?.kernelPath !== undefined) return;
  for (const { field, flavour, what } of only) {
    if (!resolved[field]) continue;
    const { flavour: ours } = await context.guestAssets();
    if (ours === flavour) continue;
    const why = `of the guest's kernels only the ${flavour} one ${what}, and this is the ${ours} one`;
    throw refusal(field, why, `Take that one (kernel: "${flavour}"), or a kernel of your own.`);
  }
}

function refusal(name: string, why: string, hint: string): VirtError {
  const field = `hypervisorConfig.${name}`;
  return new VirtError("NOT_SUPPORTED", `${field} can't be honoured: ${why}`, { field, hint });
}
