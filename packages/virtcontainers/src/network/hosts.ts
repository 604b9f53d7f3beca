import { type ExtraHost, hostGateway } from "../config/network/network.ts";
import { VirtError } from "../errors.ts";

/** How a sandbox is in its first network; without one nothing of it. */
export interface Reach {
  /** Without their prefixes. */
  addresses: readonly string[];
  gateways: readonly string[];
}

export const noReach: Reach = { addresses: [], gateways: [] };

/** Without a network a host finds itself here. */
const loopback = "127.0.0.1";

/** Names of an address. */
export interface Host {
  address: string;
  names: readonly string[];
}

/** What every system has. */
const common: readonly Host[] = [
  { address: "127.0.0.1", names: ["localhost"] },
  { address: "::1", names: ["localhost", "ip6-localhost", "ip6-loopback"] },
  { address: "fe00::0", names: ["ip6-localnet"] },
  { address: "ff00::0", names: ["ip6-mcastprefix"] },
  { address: "ff02::1", names: ["ip6-allnodes"] },
  { address: "ff02::2", names: ["ip6-allrouters"] },
];

/** The text of /etc/hosts (hosts(5)): what every system has, then these. */
export function hostsText(hosts: readonly Host[]): string {
  return [...common, ...hosts]
    .map(({ address, names }) => `${[address, ...names].join("\t")}\n`)
    .join("");
}

/**
 * The lines of a sandbox's own name and of those that its configuration adds, which the first network's addresses and
 * gateways stand for. INVALID_ARGUMENT for a gateway that there is none of.
 */
export function sandboxHosts(
  hostname: string,
  extra: readonly ExtraHost[],
  { addresses, gateways }: Reach,
): Host[] {
  const own = addresses.length > 0 ? addresses : [loopback];
  return [
    ...own.map((address) => hostOf(address, hostname)),
    ...extra.flatMap(({ name, address }, index) => {
      if (address !== hostGateway) return [{ address, names: [name] }];
      if (gateways.length > 0)
        return gateways.map((gateway) => ({ address: gateway, names: [name] }));
      throw new VirtError(
        "INVALID_ARGUMENT",
        `network.hosts.${index}.address: ${hostGateway} has no address: the first network has no gateway`,
        {
          field: `network.hosts.${index}.address`,
          hint: "Give the address by which it reaches this host.",
        },
      );
    }),
  ];
}

/** The address of a name, and of its first part where it has a domain. */
function hostOf(address: string, hostname: string): Host {
  const [short = ""] = hostname.split(".", 1);
  return { address, names: short === hostname || short === "" ? [hostname] : [hostname, short] };
}
