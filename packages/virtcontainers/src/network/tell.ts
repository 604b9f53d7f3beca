import { setTimeout as sleep } from "node:timers/promises";
import type { Agent, GuestDetails } from "../agent/agent.ts";
import { extensionFeature } from "../agent/features.ts";
import type { Interface, Neighbor, Route } from "../config/network/interface.ts";
import { isVirtError } from "../errors.ts";
import { phase } from "../events.ts";
import type { StoredEndpoint, StoredNetwork } from "../store/network/stored.ts";
import type { StoredSandbox } from "../store/schema.ts";

const noArp = 0x80;
const onlink = 4;
/** A guest may see a device a moment after it was told of it. */
const attempts = 20;
const firstDelayMs = 5;
const longestDelayMs = 200;

/** Tells a guest that comes up of its links, then of its routes and neighbours. */
export async function tellNetwork(
  agent: Agent,
  { id, network }: Pick<StoredSandbox, "id" | "network">,
  details: Promise<GuestDetails>,
  signal: AbortSignal,
): Promise<void> {
  if (network === undefined || network.endpoints.length === 0) return;
  await phase("agent.network", { sandboxId: id }, async () => {
    const { endpoints } = network;
    const neighbors = endpoints.flatMap(neighborsOf);
    const tellRest = async (): Promise<void> => {
      await Promise.all([
        agent.updateRoutes(routesOf(network), signal),
        neighbors.length > 0 ? agent.addARPNeighbors(neighbors, signal) : undefined,
      ]);
    };
    const interfaces = endpoints.map((each) => tellInterface(agent, interfaceOf(each), signal));
    // Sent at once, which spares a round trip: in vain where a link is not there yet.
    const early = tellRest().then(
      () => true,
      () => false,
    );
    await Promise.all(interfaces);
    if (!((await early) && (await inOrder(details)))) await tellRest();
  });
}

/** This project's agent does one call after the other; another may have told a link its routes too early. */
async function inOrder(details: Promise<GuestDetails>): Promise<boolean> {
  return (await details).features.includes(extensionFeature);
}

/** Tells it again as long as the guest does not see the device. */
export async function tellInterface(
  agent: Agent,
  wanted: Interface,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await agent.updateInterface(wanted, signal);
    } catch (error) {
      if (attempt === attempts || !isNotYetThere(error)) throw error;
    }
    const delay = Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs);
    await sleep(delay, undefined, { signal });
  }
}

function isNotYetThere(error: unknown): boolean {
  return isVirtError(error) && /link not found/i.test(error.message);
}

export function interfaceOf({ name, type, guest, address }: StoredEndpoint): Interface {
  return {
    name,
    hwAddr: guest.mac,
    mtu: guest.mtu,
    type,
    rawFlags: guest.noArp ? noArp : 0,
    ...(address?.kind === "pci" && { devicePath: address.path }),
    ipAddresses: guest.addresses.map(({ address: ip, prefix }) => ({
      address: ip,
      mask: String(prefix),
    })),
  };
}

/** Of several ways to one place a guest can have one: that of its first link. */
export function routesOf({ endpoints }: StoredNetwork): Route[] {
  const routes = endpoints.flatMap(({ name, guest }) =>
    guest.routes.map(({ onlink: direct, ...route }) => ({
      ...route,
      device: name,
      flags: direct ? onlink : 0,
    })),
  );
  const places = routes.map(({ family, dest = "" }) => `${family} ${dest}`);
  return routes.filter((_, index) => places.indexOf(places[index] ?? "") === index);
}

export function neighborsOf({ name, guest }: StoredEndpoint): Neighbor[] {
  return guest.neighbors.map(({ address, mac, state }) => ({
    address,
    device: name,
    hwAddr: mac,
    state,
  }));
}
