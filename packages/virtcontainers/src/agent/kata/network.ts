import { isIPv6 } from "node:net";
import type {
  Interface as GuestInterface,
  Route as GuestRoute,
} from "@virtcontainers/agent-protocol";
import { IPFamily } from "@virtcontainers/agent-protocol";
import type { Interface, Neighbor, Route } from "../../config/network/interface.ts";
import type { KataCalls } from "./calls.ts";
import { count, shortText } from "./sanitize.ts";

/** More than this no guest of ours has. */
const maxEntries = 4096;

export async function updateInterface(
  calls: KataCalls,
  wanted: Interface,
  signal: AbortSignal,
): Promise<void> {
  const { name, hwAddr, mtu = 0, ipAddresses = [], type = "", rawFlags = 0, devicePath } = wanted;
  const told = {
    name,
    device: name,
    hwAddr,
    mtu: BigInt(mtu),
    type,
    rawFlags,
    devicePath: devicePath ?? "",
    IPAddresses: ipAddresses.map((each) => ({ ...each, family: familyOf(each.address) })),
  };
  await calls.call("UpdateInterface", {}, signal, (options) =>
    calls.service.updateInterface({ interface: told }, options),
  );
}

export async function listInterfaces(calls: KataCalls, signal: AbortSignal): Promise<Interface[]> {
  const { Interfaces: found } = await calls.call("ListInterfaces", {}, signal, (options) =>
    calls.service.listInterfaces({}, options),
  );
  return bounded(calls, "ListInterfaces", found).map(interfaceOf);
}

export async function updateRoutes(
  calls: KataCalls,
  routes: readonly Route[],
  signal: AbortSignal,
): Promise<Route[]> {
  const told = { Routes: routes.map(guestRoute) };
  const { Routes: found } = await calls.call("UpdateRoutes", {}, signal, (options) =>
    calls.service.updateRoutes({ routes: told }, options),
  );
  return bounded(calls, "UpdateRoutes", found).map(routeOf);
}

export async function listRoutes(calls: KataCalls, signal: AbortSignal): Promise<Route[]> {
  const { Routes: found } = await calls.call("ListRoutes", {}, signal, (options) =>
    calls.service.listRoutes({}, options),
  );
  return bounded(calls, "ListRoutes", found).map(routeOf);
}

export async function addARPNeighbors(
  calls: KataCalls,
  neighbors: readonly Neighbor[],
  signal: AbortSignal,
): Promise<void> {
  const told = neighbors.map(({ address, device, hwAddr, state }) => ({
    toIPAddress: { family: familyOf(address), address, mask: "" },
    device,
    lladdr: hwAddr,
    state,
  }));
  await calls.call("AddARPNeighbors", {}, signal, (options) =>
    calls.service.addARPNeighbors({ neighbors: { ARPNeighbors: told } }, options),
  );
}

function familyOf(address: string): IPFamily {
  return isIPv6(address) ? IPFamily.v6 : IPFamily.v4;
}

function guestRoute(route: Route) {
  const { dest = "", gateway = "", device, source = "", scope = 0, flags = 0, mtu = 0 } = route;
  const [network = ""] = (dest || gateway).split("/");
  const v6 = network === "" ? route.family === "v6" : isIPv6(network);
  const family = v6 ? IPFamily.v6 : IPFamily.v4;
  return { dest, gateway, device, source, scope, flags, mtu, family };
}

function interfaceOf(found: GuestInterface): Interface {
  return {
    name: shortText(found.name),
    hwAddr: shortText(found.hwAddr),
    mtu: count(found.mtu),
    ipAddresses: found.IPAddresses.slice(0, maxEntries).map(({ address, mask }) => ({
      address: shortText(address),
      mask: shortText(mask),
    })),
    rawFlags: found.rawFlags,
    ...(found.type !== "" && { type: shortText(found.type) }),
    ...(found.devicePath !== "" && { devicePath: shortText(found.devicePath) }),
  };
}

function routeOf(found: GuestRoute): Route {
  const { dest, gateway, device, source, scope, flags, mtu, family } = found;
  return {
    ...(dest !== "" && { dest: shortText(dest) }),
    ...(gateway !== "" && { gateway: shortText(gateway) }),
    device: shortText(device),
    ...(source !== "" && { source: shortText(source) }),
    scope,
    family: family === IPFamily.v6 ? "v6" : "v4",
    ...(flags !== 0 && { flags }),
    ...(mtu !== 0 && { mtu }),
  };
}

function bounded<T>(calls: KataCalls, method: string, found: readonly T[]): readonly T[] {
  if (found.length <= maxEntries) return found;
  throw calls.violation(method, `${found.length} entries`);
}
