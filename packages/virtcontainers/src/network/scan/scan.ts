import { isIPv6 } from "node:net";
import { invalidArgument, VirtError } from "../../errors.ts";
import type { EndpointType, GuestSide, Source } from "../../store/network/stored.ts";
import type { Link } from "./ip.ts";
import { endpointType, kindName } from "./kind.ts";
import type { Namespace } from "./read.ts";

/** A link that is for the guest. */
export interface FoundLink {
  name: string;
  ifindex: number;
  type: EndpointType;
  source?: Source;
  guest: GuestSide;
}

export interface Scan {
  links: FoundLink[];
  /** Links with addresses that can't be the guest's, and are left as they are: `br0 (bridge)`. */
  left: string[];
}

/** NUD_REACHABLE and NUD_PERMANENT of rtnetlink(7). */
const reachable = 0x02;
const permanent = 0x80;
const linkScope = 253;
const scopes: Readonly<Record<string, number>> = {
  global: 0,
  site: 200,
  link: linkScope,
  host: 254,
};

/**
 * The links of a namespace that are for the guest: each with an address of its own, that is no loopback, and part of no
 * bridge. NOT_SUPPORTED if there are only such that can't be.
 */
export function scanNamespace(found: Namespace): Scan {
  const scan = scanFurther(found, new Set());
  const { links, left } = scan;
  if (links.length > 0 || left.length === 0) return scan;
  throw new VirtError("NOT_SUPPORTED", `no link is for a guest: ${left.join(", ")}`, {
    field: "networkConfig.netNSPath",
    hint: "Put a veth, macvlan, macvtap, ipvlan or tap with the guest's addresses into the namespace.",
  });
}

/** As scanNamespace, but for what is known already; nothing more is no error. */
export function scanFurther(found: Namespace, known: ReadonlySet<string>): Scan {
  const links: FoundLink[] = [];
  const left: string[] = [];
  for (const link of found.links) {
    const { ifindex, ifname: name } = link;
    if (ifindex === undefined || known.has(name) || !isForGuest(link)) continue;
    const type = endpointType(link);
    if (type === undefined || !isName(name)) left.push(`${name} (${kindName(link)})`);
    else links.push(foundLink(link, ifindex, type, found));
  }
  links.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return { links, left };
}

/** A link of a namespace, whether it has addresses or not. INVALID_ARGUMENT if there is none that can be a guest's. */
export function findLink(found: Namespace, name: string): FoundLink {
  const link = found.links.find(({ ifname }) => ifname === name);
  const type = link === undefined ? undefined : endpointType(link);
  if (link?.ifindex === undefined || type === undefined || !isName(name)) {
    const there = found.links.map((each) => `${each.ifname} (${kindName(each)})`).join(", ");
    throw invalidArgument(
      "interface.name",
      name,
      `it must be a link for a guest; there are ${there}`,
    );
  }
  return foundLink(link, link.ifindex, type, found);
}

function foundLink(link: Link, ifindex: number, type: EndpointType, found: Namespace): FoundLink {
  const { ifname: name, parentdev: address = "" } = link;
  const source = type === "physical" ? ({ source: { kind: "pci", address } } as const) : {};
  return { name, ifindex, type, ...source, guest: guestSide(link, found) };
}

function isForGuest({ flags, master, addr_info: addresses }: Link): boolean {
  return !flags.includes("LOOPBACK") && master === undefined && addresses.some(isOwn);
}

/** One that the guest does not make for itself. */
function isOwn({ scope, local }: Link["addr_info"][number]): boolean {
  return local !== undefined && scope !== "link" && scope !== "host";
}

/** What stands in batches of ip and tc as one plain word. */
function isName(name: string): boolean {
  return /^[a-zA-Z0-9_.:@][a-zA-Z0-9_.:@-]{0,14}$/.test(name);
}

function guestSide(link: Link, { routes, neighbors }: Namespace): GuestSide {
  const { ifname: name } = link;
  const own = routes.filter(
    ({ dev, type, protocol }) => dev === name && type === "unicast" && protocol !== "kernel",
  );
  const gateways = own.filter(({ dst }) => dst === "default").map(({ gateway }) => gateway);
  return {
    mac: link.address,
    mtu: link.mtu,
    noArp: link.flags.includes("NOARP"),
    addresses: link.addr_info.filter(isOwn).map(({ local = "", prefixlen }) => ({
      address: local,
      prefix: prefixlen ?? (isIPv6(local) ? 128 : 32),
    })),
    routes: own.map(({ dst, gateway, prefsrc, scope, family, flags, metrics }) => ({
      ...(dst !== "default" && { dest: dst }),
      ...(gateway !== undefined && { gateway }),
      ...(prefsrc !== undefined && { source: prefsrc }),
      scope: typeof scope === "number" ? scope : (scopes[scope] ?? 0),
      family,
      onlink: flags.includes("onlink"),
      mtu: metrics.find(({ mtu }) => mtu !== undefined)?.mtu,
    })),
    neighbors: neighbors.flatMap(({ dst, dev, lladdr, state }) => {
      if (dev !== name || lladdr === undefined) return [];
      if (state.includes("PERMANENT")) return [{ address: dst, mac: lladdr, state: permanent }];
      const told = state.includes("REACHABLE") && gateways.includes(dst);
      return told ? [{ address: dst, mac: lladdr, state: reachable }] : [];
    }),
  };
}
