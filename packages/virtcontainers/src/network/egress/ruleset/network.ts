/** A link to the guest. */
export interface GuestTap {
  name: string;
  /** The Ethernet address that the guest has on it. */
  mac: string;
  /** The addresses that the guest has on it, IPv4 and IPv6. */
  addresses: readonly string[];
}

/** What the rules must know of the namespace that is the sandbox's router. */
export interface RouterNetwork {
  /** The links to the guest, one or more. */
  taps: readonly GuestTap[];
  /** Ports of the guest that others may connect to. */
  inbound: readonly { protocol: "tcp" | "udp"; port: number }[];
  /** Blocks that are always denied beside the known ones: the host's addresses, networks of other sandboxes. */
  internal: readonly string[];
  /** Addresses of the DNS servers that the helper asks. */
  servers: readonly string[];
}

/** Condition for what comes from the guest. */
export function fromGuest({ taps }: RouterNetwork): string {
  return `iifname ${namesOf(taps)}`;
}

/** Condition for what goes to the guest. */
export function toGuest({ taps }: RouterNetwork): string {
  return `oifname ${namesOf(taps)}`;
}

function namesOf(taps: readonly GuestTap[]): string {
  return `{ ${taps.map(({ name }) => `"${name}"`).join(", ")} }`;
}
