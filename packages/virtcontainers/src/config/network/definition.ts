import * as v from "valibot";
import { argument, flag, integer, text, texts } from "../../validate.ts";
import { ipAddress } from "./addresses.ts";
import { isCidr } from "./cidr.ts";
import { interfaceName, networkName } from "./names.ts";

/** What a network is made of: a bridge of this host, or links on one of its interfaces. */
export const networkDrivers = ["bridge", "macvlan", "ipvlan"] as const;
export type NetworkDriver = (typeof networkDrivers)[number];

/** Addresses of a network. */
export interface Subnet {
  /** Such as `10.90.0.0/24` or `fd00:90::/64`. */
  subnet: string;
  /** This host's address in it; default: the first. */
  gateway?: string | undefined;
  /** The part of it that sandboxes get their addresses from, such as `10.90.0.128/25`; default: all. */
  ipRange?: string | undefined;
}

/** What is said of a network when it is made. */
export interface NetworkOptions {
  /** 1 to 64 characters of [a-zA-Z0-9_.-]; default: 12 random hex digits. */
  name?: string | undefined;
  /** Default `bridge`. By `macvlan` and `ipvlan` sandboxes are hosts of the network that `parent` leads to. */
  driver?: NetworkDriver | undefined;
  /** The interface of this host, such as `eth0`, that `macvlan` and `ipvlan` need. */
  parent?: string | undefined;
  /** How links of one parent reach each other: of `macvlan` bridge (the default), private, vepa or passthru; of `ipvlan` l2. */
  mode?: string | undefined;
  /** At most one of IPv4 and one of IPv6; default: one of IPv4 that nothing on this host uses. With a parent it is its network's. */
  subnets?: Subnet[] | undefined;
  /** It has IPv6 too; where `subnets` has none of it, one that nothing uses. Default false. */
  ipv6?: boolean | undefined;
  /** There is no way out of it, and no port can be published. Default false. */
  internal?: boolean | undefined;
  /** Its sandboxes may connect to the services of this host itself. Default false. */
  hostAccess?: boolean | undefined;
  /** Bytes, from 1280 to 65535; default 1500. */
  mtu?: number | undefined;
  /** Texts that are kept with it, by their names. */
  labels?: Readonly<Record<string, string>> | undefined;
}

const prefixRule = "it must be a subnet such as 10.90.0.0/24 or fd00:90::/64";

/** An address and the length of a prefix. */
const prefix = v.pipe(
  v.string(prefixRule),
  v.check((value) => /\/0*[1-9]/.test(value) && isCidr(value), prefixRule),
);

export const SubnetSchema = v.strictObject({
  subnet: prefix,
  gateway: v.optional(ipAddress),
  ipRange: v.optional(prefix),
});

export const NetworkOptionsSchema = v.strictObject({
  name: v.optional(networkName),
  driver: v.optional(v.picklist(networkDrivers, `it must be one of ${networkDrivers.join(", ")}`)),
  parent: v.optional(interfaceName),
  mode: v.optional(text(16)),
  subnets: v.optional(
    v.pipe(
      v.array(SubnetSchema),
      v.check(
        (all) => new Set(all.map(({ subnet }) => subnet.includes(":"))).size === all.length,
        "there can be one subnet of IPv4 and one of IPv6",
      ),
    ),
  ),
  ipv6: flag,
  internal: flag,
  hostAccess: flag,
  mtu: v.optional(integer(1280, 65_535, "bytes")),
  labels: v.optional(texts(text(256), argument(4096))),
});
