import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { VirtError } from "../../errors.ts";
import { hostResolvConf } from "../../host/resolv-conf.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { EndpointType, StoredEndpoint } from "../../store/network/stored.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { chooseVmUid } from "../../store/vm-uid.ts";
import { blockText, parseBlock } from "../block.ts";
import { routedLink } from "../interworking/routed.ts";
import { openRouter } from "../router/route.ts";
import { type Enforcement, enforce } from "./enforce.ts";

const routable: readonly EndpointType[] = ["virtual", "macvlan"];

/** NOT_SUPPORTED for a link whose packets would pass no rule of the host. */
export function assertRoutable(type: EndpointType, name: string): void {
  if (routable.includes(type)) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    `${name} is a link of the type ${type}, which an egress policy can't hold for`,
    {
      field: "network.egress",
      hint: `Types that it can: ${routable.join(", ")}.`,
    },
  );
}

/** Connects guest and routers, when what the egress policy denies is denied. */
export async function openRouters(
  context: Context,
  sandbox: StoredSandbox,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { network, config } = sandbox;
  const routed = routedOf(sandbox);
  if (network === undefined || routed.length === 0) return;
  if (config.network?.egress !== undefined) {
    network.egress = { uid: chooseVmUid() };
    const enforcement = await enforcementOf(context, sandbox);
    if (enforcement !== undefined) await enforce(context.host, enforcement, ledger, signal);
  }
  const place = { host: context.host, netns: network.netns.path, signal };
  for (const endpoint of routed) await openRouter(place, routedLink(endpoint));
}

/** What is to be enforced of a sandbox now; undefined if it has no policy, or no VM. */
export async function enforcementOf(
  { store }: Pick<Context, "store">,
  sandbox: StoredSandbox,
): Promise<Enforcement | undefined> {
  const { network, config, id } = sandbox;
  const policy = config.network?.egress;
  if (policy === undefined || network?.egress === undefined) return undefined;
  const routed = routedOf(sandbox);
  const neighbours = routed.flatMap(({ guest }) =>
    guest.addresses.map(({ address, prefix }) => blockText(parseBlock(`${address}/${prefix}`))),
  );
  return {
    netns: network.netns.path,
    folder: store.folder(id).path,
    uid: network.egress.uid,
    policy,
    network: {
      taps: routed.map((endpoint) => ({
        name: routedLink(endpoint).tap,
        mac: endpoint.guest.mac,
        addresses: endpoint.guest.addresses.map(({ address }) => address),
      })),
      inbound: (config.ports ?? []).flatMap(({ containerPort: port, protocol = "tcp" }) =>
        protocol === "sctp" ? [] : [{ protocol, port }],
      ),
      internal: [...new Set([...neighbours, ...hostAddresses()])],
      servers: await serversOf(sandbox),
    },
  };
}

/** As the guest's resolv.conf would name them. */
async function serversOf({ config, network }: StoredSandbox): Promise<string[]> {
  const chosen = config.network?.dns?.servers;
  if (chosen !== undefined) return chosen;
  const ofNetworks = (network?.attachments ?? []).flatMap(({ dns }) => dns.nameservers);
  const found = ofNetworks.length > 0 ? ofNetworks : (await hostResolvConf()).servers;
  return [...new Set(found)].filter((server) => isIP(server) !== 0);
}

function routedOf({ network }: StoredSandbox): StoredEndpoint[] {
  return (network?.endpoints ?? []).filter(({ model }) => model === "routed");
}

/** Under which this host itself is reached; those of one link only are always denied. */
function hostAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:|%/i.test(address))
    .map(({ address }) => address);
}
