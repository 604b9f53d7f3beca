import { hostGateway } from "../config/network/network.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import { hostResolvConf } from "../host/resolv-conf.ts";
import type { StoredNetwork } from "../store/network/stored.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { NetworkView } from "./files.ts";

/** What of a sandbox's networks stands in the files of its containers; undefined without one. HOST_FAILED. */
export async function networkView({
  network,
  config,
  state,
}: Pick<StoredSandbox, "network" | "config" | "state">): Promise<NetworkView | undefined> {
  if (network === undefined) return undefined;
  const view = viewOf(network, config.network ?? {}, await hostResolvConf());
  return state === "creating" || view.gateways.length > 0 ? view : withoutGateway(view);
}

/** Who was disconnected since its create from the network that had one is without. */
function withoutGateway({ settings, ...view }: NetworkView): NetworkView {
  const hosts = (settings.hosts ?? []).filter(({ address }) => address !== hostGateway);
  return { ...view, settings: { ...settings, hosts } };
}

/** The first link's addresses, without those of the link alone; the ways out that it has. A pure function. */
export function viewOf(
  { endpoints, attachments }: Pick<StoredNetwork, "endpoints" | "attachments">,
  settings: NonNullable<SandboxConfig["network"]>,
  host: NetworkView["host"],
): NetworkView {
  const named = attachments[0]?.ifName;
  const first = endpoints.find(({ name }) => name === named) ?? endpoints[0];
  const { addresses = [], routes = [] } = first?.guest ?? {};
  return {
    settings,
    addresses: addresses.map(({ address }) => address).filter((address) => !isOfLink(address)),
    gateways: [
      ...new Set(routes.flatMap((route) => (route.dest === undefined && route.gateway) || [])),
    ],
    dns: attachments.map(({ dns }) => dns),
    host,
  };
}

function isOfLink(address: string): boolean {
  return /^(fe[89ab][0-9a-f]:|169\.254\.)/i.test(address);
}
