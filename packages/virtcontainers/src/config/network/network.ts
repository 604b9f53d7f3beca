import * as v from "valibot";
import { integer, text } from "../../validate.ts";
import { ipAddress, ipv4Address, ipv6Address, macAddress } from "./addresses.ts";
import { type EgressPolicy, EgressPolicySchema } from "./egress/policy.ts";
import { hostName, interfaceName, networkName } from "./names.ts";

/** How a sandbox is in one network. */
export interface NetworkAttachment {
  /** Which network: one that was made with `networks.create`, a CNI configuration's name, or `bridge`. */
  name: string;
  /** What the guest calls the link, at most 15 characters; default: eth0, eth1... */
  interfaceName?: string | undefined;
  /** The IPv4 address; default: the network's choice. */
  ip?: string | undefined;
  /** The IPv6 address; default: the network's choice. */
  ip6?: string | undefined;
  /** The Ethernet address; default: the network's choice. */
  macAddress?: string | undefined;
  /** Names by which others of the network find it, beside its own. */
  aliases?: string[] | undefined;
}

/** resolv.conf(5); what is left out comes from the networks, or else from the host. */
export interface DnsConfig {
  /** Addresses, at most 8. */
  servers?: string[] | undefined;
  /** Domains in which a short name is looked for, at most 32. */
  searches?: string[] | undefined;
  /** Such as `ndots:1`. */
  options?: string[] | undefined;
}

/** A name that containers find in /etc/hosts. */
export interface ExtraHost {
  /** At most 253 letters, digits, dots and dashes. */
  name: string;
  /** An address; `host-gateway` is this host, as the first network reaches it. */
  address: string;
}

/** What a sandbox is connected to. */
export interface SandboxNetwork {
  /** In the order of the guest's links, at most 16, each network once; none: one may come later. Default: `bridge`. */
  networks?: NetworkAttachment[] | undefined;
  /** Where names are looked up. */
  dns?: DnsConfig | undefined;
  /** At most 1024. */
  hosts?: ExtraHost[] | undefined;
  /** Where the guest may connect to; default: anywhere. */
  egress?: EgressPolicy | undefined;
  /** The most that comes to the guest, in bits per second, from 8000; default: no limit. */
  rxRateBits?: number | undefined;
  /** The most that goes out of it, in bits per second, from 8000; default: no limit. */
  txRateBits?: number | undefined;
}

export const NetworkAttachmentSchema = v.strictObject({
  name: networkName,
  interfaceName: v.optional(interfaceName),
  ip: v.optional(ipv4Address),
  ip6: v.optional(ipv6Address),
  macAddress: v.optional(macAddress),
  aliases: v.optional(
    v.pipe(v.array(hostName), v.maxLength(64, "there can be at most 64 aliases")),
  ),
});

export const DnsConfigSchema = v.strictObject({
  servers: v.optional(v.pipe(v.array(ipAddress), v.maxLength(8, "there can be at most 8 servers"))),
  searches: v.optional(
    v.pipe(v.array(hostName), v.maxLength(32, "there can be at most 32 search domains")),
  ),
  options: v.optional(
    v.pipe(
      v.array(
        v.pipe(
          text(64),
          v.regex(/^[a-z0-9-]+(:[0-9]+)?$/, "it must be an option of resolv.conf, such as ndots:1"),
        ),
      ),
      v.maxLength(32, "there can be at most 32 options"),
    ),
  ),
});

/** Stands for the address by which the first network reaches this host. */
export const hostGateway = "host-gateway";

export const ExtraHostSchema = v.strictObject({
  name: hostName,
  address: v.union([v.literal(hostGateway), ipAddress], "it must be an address, or host-gateway"),
});

const rate = integer(8000, Number.MAX_SAFE_INTEGER, "bits per second");

export const SandboxNetworkSchema = v.strictObject({
  networks: v.optional(
    v.pipe(
      v.array(NetworkAttachmentSchema),
      v.maxLength(16, "there can be at most 16 networks"),
      v.check((all) => differ(all.map(({ name }) => name)), "a network must not be named twice"),
      v.check(
        (all) => differ(all.flatMap(({ interfaceName: link }) => link ?? [])),
        "the names of the interfaces must differ",
      ),
      v.check(
        (all) => differ(all.flatMap(({ macAddress: mac }) => mac ?? [])),
        "the Ethernet addresses must differ",
      ),
    ),
  ),
  dns: v.optional(DnsConfigSchema),
  hosts: v.optional(
    v.pipe(v.array(ExtraHostSchema), v.maxLength(1024, "there can be at most 1024 hosts")),
  ),
  egress: v.optional(EgressPolicySchema),
  rxRateBits: v.optional(rate),
  txRateBits: v.optional(rate),
});

function differ(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
