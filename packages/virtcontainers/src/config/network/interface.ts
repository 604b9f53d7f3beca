import { isIPv4, isIPv6 } from "node:net";
import * as v from "valibot";
import { integer, text } from "../../validate.ts";
import { ipAddress, macAddress } from "./addresses.ts";
import { interfaceName } from "./names.ts";

/** An address of an interface. */
export interface IPAddress {
  /** Such as `10.1.2.3` or `fd00::3`. */
  address: string;
  /** The length of the prefix in decimal, such as `24`. */
  mask: string;
}

/** An interface of the guest. */
export interface Interface {
  /** What the guest calls it, at most 15 characters. */
  name: string;
  /** Its Ethernet address. */
  hwAddr: string;
  /** Bytes; 0 or none: as it is. */
  mtu?: number | undefined;
  /** Those that it is to have. */
  ipAddresses?: IPAddress[] | undefined;
  /** The endpoint's type, such as `virtual`. */
  type?: string | undefined;
  /** Flags of netdevice(7), of which only IFF_NOARP can be asked for. */
  rawFlags?: number | undefined;
  /** Where the guest finds its device, such as `10/01`. */
  devicePath?: string | undefined;
}

/** A route of the guest's main table. */
export interface Route {
  /** A prefix such as `10.0.0.0/8`; none: all addresses. */
  dest?: string | undefined;
  /** By whom it leads; none: the other host is on the link. */
  gateway?: string | undefined;
  /** The name of the interface. */
  device: string;
  /** The address that the guest sends from. */
  source?: string | undefined;
  /** rtnetlink(7); 0 is global, 253 is link. */
  scope?: number | undefined;
  /** Only needed where neither `dest` nor `gateway` tells it. */
  family?: "v4" | "v6" | undefined;
  /** Flags of rtnetlink(7), such as 4 for onlink. */
  flags?: number | undefined;
  /** Bytes; none: the link's. */
  mtu?: number | undefined;
}

/** Another host of a link, whose Ethernet address needs not be asked for. */
export interface Neighbor {
  /** Its IPv4 or IPv6 address. */
  address: string;
  /** The name of the interface. */
  device: string;
  /** Its Ethernet address. */
  hwAddr: string;
  /** Of rtnetlink(7); 128 is permanent. */
  state: number;
}

const length = v.pipe(
  v.string("it must be the length of a prefix, such as 24"),
  v.regex(/^(\d|[1-9]\d|1[01]\d|12[0-8])$/, "it must be the length of a prefix, such as 24"),
);

export const IPAddressSchema = v.pipe(
  v.strictObject({ address: ipAddress, mask: length }),
  v.forward(
    v.check(
      ({ address, mask }) => isIPv6(address) || Number(mask) <= 32,
      "of an IPv4 address it is at most 32",
    ),
    ["mask"],
  ),
);

const number = (most: number) => integer(0, most);
const uint32 = 0xffff_ffff;

export const InterfaceSchema = v.strictObject({
  name: interfaceName,
  hwAddr: macAddress,
  mtu: v.optional(number(65_535)),
  ipAddresses: v.optional(
    v.pipe(v.array(IPAddressSchema), v.maxLength(256, "there can be at most 256 addresses")),
  ),
  type: v.optional(text(64)),
  rawFlags: v.optional(number(uint32)),
  devicePath: v.optional(text(256)),
});

const prefixRule = "it must be a prefix, such as 10.0.0.0/8";

const prefix = v.pipe(
  v.string(prefixRule),
  v.check((value) => {
    const [address = "", bits, ...more] = value.split("/");
    const most = isIPv6(address) ? 128 : isIPv4(address) ? 32 : -1;
    return (
      more.length === 0 &&
      (bits === undefined ? most > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= most)
    );
  }, prefixRule),
);

export const RouteSchema = v.strictObject({
  dest: v.optional(prefix),
  gateway: v.optional(ipAddress),
  device: interfaceName,
  source: v.optional(ipAddress),
  scope: v.optional(number(255)),
  family: v.optional(v.picklist(["v4", "v6"], "it must be v4 or v6")),
  flags: v.optional(number(uint32)),
  mtu: v.optional(number(65_535)),
});

/** At most 1024. */
export const RoutesSchema = v.pipe(
  v.array(RouteSchema),
  v.maxLength(1024, "there can be at most 1024 routes"),
);
