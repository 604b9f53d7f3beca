/** What the rules must know of the namespace that is the sandbox's router. */
export interface RouterNetwork {
  /** The link to the guest. */
  tap: string;
  /** The guest's Ethernet address. */
  mac: string;
  /** The guest's addresses, IPv4 and IPv6. */
  addresses: readonly string[];
  /** Ports of the guest that others may connect to. */
  inbound: readonly { protocol: "tcp" | "udp"; port: number }[];
  /** Blocks that are always denied beside the known ones: the host's addresses, networks of other sandboxes. */
  internal: readonly string[];
  /** Addresses of the DNS servers that the helper asks. */
  servers: readonly string[];
}
