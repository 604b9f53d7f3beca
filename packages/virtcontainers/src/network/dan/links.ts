import { invalidArgument, VirtError } from "../../errors.ts";
import { readTrusted } from "../../host/trusted.ts";
import type { Context } from "../../operation/context.ts";
import type { GuestSide, Source, StoredNetwork } from "../../store/network/stored.ts";
import { parse } from "../../validate.ts";
import { kindName } from "../scan/kind.ts";
import { type Namespace, readNamespace } from "../scan/read.ts";
import type { FoundLink } from "../scan/scan.ts";
import { type DanDevice, DanFile, familyOf } from "./file.ts";

const field = "networkConfig.danConfigPath";
const noArp = 0x80;
const permanent = 0x80;

/** What the file says, and of which namespace. INVALID_ARGUMENT names what of it can't be; HOST_REQUIREMENT. */
export function readDan(path: string): { netns: string | undefined; devices: DanDevice[] } {
  const content = readTrusted(path);
  if (content === undefined) throw invalidArgument(field, path, "there is no such file");
  const { netns, devices } = parse(DanFile, parseJson(path, content), field);
  const tap = devices.find(({ device }) => device.type === "host-tap");
  if (tap !== undefined && (netns ?? undefined) === undefined)
    throw invalidArgument(`${field}.netns`, netns, `the tap of ${tap.name} must be in a namespace`);
  return { netns: netns ?? undefined, devices };
}

function parseJson(path: string, content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new VirtError("INVALID_ARGUMENT", `${field}: ${path} is no JSON`, {
      field,
      cause,
      hint: "Write the file anew; docs/networking.md shows one.",
    });
  }
}

/** The devices of the file, as what is for the guest. INVALID_ARGUMENT for a tap that is not there. */
export async function danLinks(
  { host }: Pick<Context, "host">,
  { netns }: StoredNetwork,
  path: string,
  signal: AbortSignal,
): Promise<FoundLink[]> {
  const { devices } = readDan(path);
  const there = await readNamespace(host, netns.path, signal);
  return devices.map((each, index) => linkOf(each, `${field}.devices.${index}.device`, there));
}

function linkOf(dan: DanDevice, at: string, there: Namespace): FoundLink {
  const { name, device } = dan;
  const guest = guestOf(dan);
  if (device.type === "vfio") {
    const source: Source = { kind: "pci", address: device.pci_device_id };
    return { name, ifindex: 0, type: "vfio", source, guest };
  }
  const more = device.queue_size === 0 ? {} : { queueSize: device.queue_size };
  const queues = device.queue_num || 1;
  if (device.type === "vhost-user") {
    const source: Source = { kind: "socket", path: device.path, queues, ...more };
    return { name, ifindex: 0, type: "vhost-user", source, guest };
  }
  const tap = there.links.find(({ ifname }) => ifname === device.tap_name);
  if (tap?.ifindex === undefined || kindName(tap) !== "tap")
    throw invalidArgument(`${at}.tap_name`, device.tap_name, "it must be a tap of the namespace");
  if (queues > 1 !== (tap.linkinfo?.info_data?.multi_queue ?? false)) {
    const rule = "a tap that was made with multi_queue has more than one, and another has one";
    throw invalidArgument(`${at}.queue_num`, device.queue_num, rule);
  }
  const source: Source = { kind: "tap", name: device.tap_name, queues, ...more };
  return { name, ifindex: tap.ifindex, type: "tap", source, guest };
}

function guestOf({ guest_mac, network_info: info }: DanDevice): GuestSide {
  const { ip_addresses: addresses, mtu, flags } = info.interface;
  return {
    mac: guest_mac.toLowerCase(),
    mtu,
    noArp: (flags & noArp) !== 0,
    addresses: addresses.map((text) => {
      const [address = "", prefix] = text.split("/");
      return { address, prefix: Number(prefix) };
    }),
    routes: info.routes.map((route) => ({
      ...(route.dest !== "" && { dest: route.dest }),
      ...(route.gateway !== "" && { gateway: route.gateway }),
      ...(route.source !== "" && { source: route.source }),
      scope: route.scope,
      family: familyOf(route),
      onlink: (route.flags & 4) !== 0,
    })),
    neighbors: info.neighbors.map(({ ip_address: address, hardware_addr: mac, state }) => ({
      address,
      mac,
      state: state || permanent,
    })),
  };
}
