import { isDeepStrictEqual } from "node:util";
import type { Operation } from "../../operation/run-verb.ts";
import type { GuestSide, StoredEndpoint, StoredNetwork } from "../../store/network/stored.ts";
import { makeEndpoint } from "../connect.ts";
import { assertLive } from "../interworking/models.ts";
import { tapName } from "../interworking/tap-name.ts";
import { type Namespace, readNamespace } from "../scan/read.ts";
import { findLink, scanFurther } from "../scan/scan.ts";
import { interfaceOf } from "../tell.ts";
import { plug, unplug } from "./plug.ts";
import { settle } from "./settle.ts";
import { tellNetworks } from "./tell-networks.ts";

/** What has become of a link of the namespace, as the guest has it from then on. */
export interface NetworkChange {
  type: "added" | "removed" | "changed";
  /** The link's name. */
  name: string;
}

/** Brings a running guest up to date with what is in its namespace: links come, go and change. Gives what has changed. */
export async function rescan(operation: Operation): Promise<NetworkChange[]> {
  const { context, sandbox, signal } = operation;
  const { network } = sandbox;
  if (network === undefined || isDescribed(sandbox)) return [];
  await settle(operation);
  const found = await readNamespace(context.host, network.netns.path, signal);
  const changes = [
    ...(await follow(operation, network, found)),
    ...(await addNew(operation, network, found)),
  ];
  if (changes.length === 0) return [];
  await tellNetworks(operation);
  await operation.save();
  return changes;
}

/** A file that describes all devices stands for the namespace. */
function isDescribed({ config, network }: Operation["sandbox"]): boolean {
  const { danConfigPath } = config.networkConfig ?? {};
  return danConfigPath !== undefined && (network?.endpoints ?? []).some(({ source }) => source);
}

/** Of the links that the guest has. One that was made for it alone is nobody else's to change. */
async function follow(
  operation: Operation,
  network: StoredNetwork,
  found: Namespace,
): Promise<NetworkChange[]> {
  const changes: NetworkChange[] = [];
  for (const endpoint of network.endpoints.filter(isOfNamespace)) {
    const { name } = endpoint;
    const link = found.links.find(({ ifindex }) => ifindex === endpoint.ifindex);
    if (link === undefined) {
      assertLive(endpoint);
      endpoint.loose = true;
      await unplug(operation, network, endpoint);
      changes.push({ type: "removed", name });
    } else if (await update(operation, endpoint, found, link.ifname)) {
      changes.push({ type: "changed", name });
    }
  }
  return changes;
}

/** Devices that are no links there are made for the guest, and nobody takes them from it here. */
function isOfNamespace({ type, source, ifindex }: StoredEndpoint): boolean {
  return type !== "tap" && type !== "physical" && source === undefined && ifindex > 0;
}

/** True if the link has other addresses or routes than the guest was told. */
async function update(
  operation: Operation,
  endpoint: StoredEndpoint,
  found: Namespace,
  linkName: string,
): Promise<boolean> {
  if (!keepsAddresses(endpoint) || linkName !== endpoint.name) return false;
  const { addresses, routes, neighbors } = findLink(found, linkName).guest;
  const guest = { ...endpoint.guest, addresses, routes, neighbors };
  if (isDeepStrictEqual(lasting(guest), lasting(endpoint.guest))) return false;
  endpoint.guest = guest;
  await (await operation.agent()).updateInterface(interfaceOf(endpoint), operation.signal);
  return true;
}

/** Other models take them off the link, for the guest; and those that a caller told go before the link's. */
function keepsAddresses({ model, told }: StoredEndpoint): boolean {
  return !told && (model === "tcfilter" || model === "bridged");
}

/** Whom a link has just heard of comes and goes by itself. */
function lasting({ addresses, routes, neighbors }: GuestSide): unknown {
  const plain = (value: object): unknown => JSON.parse(JSON.stringify(value));
  return plain({ addresses, routes, neighbors: neighbors.filter(({ state }) => state === 0x80) });
}

async function addNew(
  operation: Operation,
  network: StoredNetwork,
  found: Namespace,
): Promise<NetworkChange[]> {
  const { context, sandbox } = operation;
  const known = network.endpoints.flatMap((each) => [each.name, tapName(each)]);
  const { links, left } = scanFurther(found, new Set(known));
  for (const link of left)
    context.logger.debug({ sandboxId: sandbox.id, link }, "a link is not the guest's");
  const changes: NetworkChange[] = [];
  for (const link of links) {
    const endpoint = makeEndpoint(network, sandbox, link);
    assertLive(endpoint);
    await plug(operation, network, endpoint);
    delete endpoint.loose;
    await operation.save();
    changes.push({ type: "added", name: link.name });
  }
  return changes;
}
