import type { NetworkAttachment, SandboxNetwork } from "../../config/network/network.ts";
import type { PortMapping } from "../../config/network/port.ts";
import type { State } from "../../config/state.ts";
import { VirtError } from "../../errors.ts";
import { pluginFolders } from "../../host/cni/find.ts";
import type { CniUse } from "../../store/network/cni-use.ts";
import { usePath } from "../../store/network/places.ts";
import { userName } from "../../store/user.ts";
import type { PluginConfig } from "./config-list.ts";
import { type ForeseenLink, foreseeLink } from "./foreseen.ts";
import type { UsableNetwork } from "./network.ts";
import {
  type Capability,
  type CapabilityArgs,
  takes,
  withRuntimeConfig,
} from "./runtime-config.ts";

/** Who is attached, and what its configuration says of networks. */
export interface Attachable {
  id: string;
  hostname: string;
  /** Default: `creating`. */
  state?: State | undefined;
  config: {
    network?: SandboxNetwork | undefined;
    ports?: readonly PortMapping[] | undefined;
  };
}

/** One network that a sandbox is to be attached to. */
export interface Wanted {
  network: UsableNetwork;
  attachment: NetworkAttachment;
  ifName: string;
  ports: readonly PortMapping[];
}

/** Where a sandbox is, in state and on the way. */
export interface Place {
  folder: string;
  stateDir: string;
  bootId: string;
  netns: string;
}

/** A use before anything was done for it. */
export interface Plan {
  name: string;
  path: string;
  use: CniUse;
  prepare: UsableNetwork["prepare"];
  further: UsableNetwork["further"];
  assertThere: UsableNetwork["assertThere"];
  /** What the link is going to be, where that is known before it is there. */
  link: ForeseenLink | undefined;
}

/** What is done for one network. NOT_SUPPORTED where it can't be given what is asked for. */
export function planUse(sandbox: Attachable, wanted: Wanted, place: Place): Plan {
  const { network, attachment, ifName, ports } = wanted;
  const { list } = network;
  const user = userName(sandbox.id, place.stateDir);
  const link = foreseeLink(list, attachment.macAddress, `${user} ${list.name} ${ifName}`);
  const args = capabilityArgs(sandbox, wanted, link);
  for (const [field, capability] of needed)
    if (attachment[field] !== undefined && !takes(list.plugins, capability))
      throw cant(network.name, field, capability);
  const use: CniUse = {
    version: 1,
    bootId: place.bootId,
    stateDir: place.stateDir,
    sandboxId: sandbox.id,
    cniName: list.name,
    cniVersion: list.cniVersion,
    plugins: neededPlugins(wanted).map((plugin) => withRuntimeConfig(plugin, args)),
    folders: pluginFolders(process.env),
    target: {
      containerId: user.replace("@", "-"),
      ifName,
      netns: place.netns,
      args: `IgnoreUnknown=1;K8S_POD_NAME=${sandbox.hostname}`,
    },
    claims: {
      // What is chosen here is nobody else's anyway.
      ...(attachment.macAddress !== undefined && { mac: attachment.macAddress.toLowerCase() }),
      addresses: args.ips ?? [],
      ports: ports.map(({ hostPort, protocol = "tcp", hostIP }) => ({
        hostPort,
        protocol,
        ...(hostIP !== undefined && { hostIP }),
      })),
    },
    ...(network.bridge !== undefined && { bridge: network.bridge }),
  };
  const path = usePath(place.folder, list.name, user, ifName);
  const { name, prepare, further, assertThere } = network;
  return { name, path, use, prepare, further, assertThere, link };
}

/** Of a network that is made here: without ports the plugin that publishes them does nothing, but takes time. */
function neededPlugins({ network, ports }: Wanted): readonly PluginConfig[] {
  const { list, bridge } = network;
  if (bridge === undefined || ports.length > 0) return list.plugins;
  return list.plugins.filter(({ type }) => type !== "portmap");
}

const needed = [
  ["ip", "ips"],
  ["ip6", "ips"],
  ["macAddress", "mac"],
] as const;

function cant(network: string, field: string, capability: Capability): VirtError {
  return new VirtError(
    "NOT_SUPPORTED",
    `network.${field} can't be chosen in the network ${network}: none of its plugins declares the capability ${capability}`,
    {
      field: `network.${field}`,
      hint: `Leave it out, or add "${capability}": true to the plugin's capabilities.`,
    },
  );
}

function capabilityArgs(
  sandbox: Attachable,
  { network, attachment, ports }: Wanted,
  link: ForeseenLink | undefined,
): CapabilityArgs {
  const { rxRateBits, txRateBits, dns } = sandbox.config.network ?? {};
  const { ip, ip6, aliases = [] } = attachment;
  const mac = link?.mac ?? attachment.macAddress?.toLowerCase();
  const ips = [ip, ip6].flatMap((address) => address ?? []);
  return {
    ...(ports.length > 0 && { portMappings: ports.map(toMapping) }),
    ...((rxRateBits ?? txRateBits) !== undefined && {
      bandwidth: bandwidth(rxRateBits, txRateBits),
    }),
    ...(ips.length > 0 && { ips }),
    ...(mac !== undefined && { mac }),
    ...(dns !== undefined && { dns: toDns(dns) }),
    ...(aliases.length > 0 && { aliases: { [network.list.name]: aliases } }),
  };
}

function toMapping({ hostPort, containerPort, protocol = "tcp", hostIP }: PortMapping) {
  return { hostPort, containerPort, protocol, ...(hostIP !== undefined && { hostIP }) };
}

/** A tenth of a second's worth may come at once. */
function bandwidth(rx: number | undefined, tx: number | undefined) {
  const burst = (rate: number): number => Math.max(Math.round(rate / 10), 80_000);
  return {
    ...(rx !== undefined && { ingressRate: rx, ingressBurst: burst(rx) }),
    ...(tx !== undefined && { egressRate: tx, egressBurst: burst(tx) }),
  };
}

function toDns({ servers, searches, options }: NonNullable<SandboxNetwork["dns"]>) {
  return {
    ...(servers && { servers }),
    ...(searches && { searches }),
    ...(options && { options }),
  };
}
