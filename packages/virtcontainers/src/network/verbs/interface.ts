import { type Interface, InterfaceSchema } from "../../config/network/interface.ts";
import { VirtError } from "../../errors.ts";
import type { Operation, Verb } from "../../operation/run-verb.ts";
import type { StoredEndpoint, StoredNetwork } from "../../store/network/stored.ts";
import { parse } from "../../validate.ts";
import { makeEndpoint } from "../connect.ts";
import { assertLive } from "../interworking/models.ts";
import { readNamespace } from "../scan/read.ts";
import { type FoundLink, findLink } from "../scan/scan.ts";
import { servedBySocket } from "../scan/socket.ts";
import { interfaceOf } from "../tell.ts";
import { networkOf } from "./networks.ts";
import { plug, unplug } from "./plug.ts";
import { settle } from "./settle.ts";

/**
 * Gives a running guest a link of the namespace, with the addresses and the MTU that are told, or else the link's own.
 * INVALID_ARGUMENT if there is no such link, ALREADY_EXISTS if the guest has it.
 */
export function addInterface(input: Interface): Verb<Interface> {
  const wanted = parse(InterfaceSchema, input, "interface");
  return async (operation) => {
    const network = networkOf(operation, "add an interface to");
    await settle(operation);
    assertNew(operation, network, wanted);
    const { sandbox } = operation;
    const link = await linkFor(operation, network, wanted);
    const endpoint = makeEndpoint(network, sandbox, {
      ...link,
      guest: guestOf(link.guest, wanted),
    });
    assertLive(endpoint);
    if (wanted.ipAddresses !== undefined) endpoint.told = true;
    const told = await plug(operation, network, endpoint);
    delete endpoint.loose;
    await operation.save();
    return told;
  };
}

const defaultMtu = 1500;

/** A tap is made for the guest; else it is a link that is there. */
async function linkFor(
  { context, signal }: Operation,
  { netns }: StoredNetwork,
  { name, hwAddr, type }: Interface,
): Promise<FoundLink> {
  if (type !== "tap")
    return servedBySocket(findLink(await readNamespace(context.host, netns.path, signal), name));
  const none = { noArp: false, addresses: [], routes: [], neighbors: [] };
  return { name, ifindex: 0, type, guest: { mac: hwAddr, mtu: defaultMtu, ...none } };
}

/** Takes the interface with this Ethernet address from a running guest. One that is not there is no error: undefined. */
export function removeInterface(input: Interface): Verb<Interface | undefined> {
  const { hwAddr } = parse(InterfaceSchema, input, "interface");
  return async (operation) => {
    const network = networkOf(operation, "remove an interface from");
    const endpoint = network.endpoints.find(({ guest }) => guest.mac === hwAddr);
    if (endpoint === undefined) return undefined;
    assertLive(endpoint);
    await unplug(operation, network, endpoint);
    return interfaceOf(endpoint);
  };
}

function assertNew({ sandbox }: Operation, { endpoints }: StoredNetwork, wanted: Interface): void {
  const same = endpoints.find(
    ({ name, guest }) => name === wanted.name || guest.mac === wanted.hwAddr,
  );
  if (same === undefined) return;
  throw new VirtError(
    "ALREADY_EXISTS",
    `the guest has the interface ${same.name} with the address ${same.guest.mac} already`,
    {
      sandboxId: sandbox.id,
      field: same.name === wanted.name ? "interface.name" : "interface.hwAddr",
    },
  );
}

/** What is told goes before what the link has. */
function guestOf(guest: StoredEndpoint["guest"], wanted: Interface): StoredEndpoint["guest"] {
  const { hwAddr, mtu = 0, ipAddresses } = wanted;
  return {
    ...guest,
    mac: hwAddr,
    ...(mtu > 0 && { mtu }),
    ...(ipAddresses !== undefined && {
      addresses: ipAddresses.map(({ address, mask }) => ({ address, prefix: Number(mask) })),
    }),
  };
}
