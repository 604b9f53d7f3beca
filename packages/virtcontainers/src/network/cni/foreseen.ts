import { createHash } from "node:crypto";
import { VirtError } from "../../errors.ts";
import type { NetworkList } from "./config-list.ts";

/** A veth that plugins are going to make. */
export interface ForeseenLink {
  mac: string;
  mtu: number;
}

/** Of plugins behind the first, those that leave its link as it is. */
const bystanders: ReadonlySet<string> = new Set(["portmap", "firewall", "bandwidth", "dnsname"]);

/** What a veth has where nobody says otherwise. */
const usualMtu = 1500;

/**
 * The link that the plugins of a network are going to make, where they take the Ethernet address that they are told:
 * the one that is asked for, or else one that is the same for the same owner, and nobody else's.
 */
export function foreseeLink(
  { plugins }: Pick<NetworkList, "plugins">,
  asked: string | undefined,
  owner: string,
): ForeseenLink | undefined {
  const [first, ...others] = plugins;
  if (first?.type !== "bridge" || first.capabilities?.mac !== true) return undefined;
  if (!others.every(({ type }) => bystanders.has(type))) return undefined;
  const mtu = typeof first.mtu === "number" && first.mtu > 0 ? first.mtu : usualMtu;
  return { mac: asked?.toLowerCase() ?? macOf(owner), mtu };
}

/** Locally administered, of one station. */
function macOf(owner: string): string {
  const bytes = createHash("sha256").update(owner).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** NETWORK_FAILED where the plugins have made another link than was foreseen: the VM has an interface for that one. */
export function assertForeseen<L extends { name: string; type: string; guest: { mac: string } }>(
  network: string,
  foreseen: ForeseenLink,
  link: L | undefined,
): asserts link is L {
  if (link?.type === "virtual" && link.guest.mac.toLowerCase() === foreseen.mac) return;
  const found =
    link === undefined ? "no link" : `the link ${link.name} (${link.type}) with ${link.guest.mac}`;
  throw new VirtError(
    "NETWORK_FAILED",
    `the plugins of the network ${network} have made ${found}, and not a veth with ${foreseen.mac}`,
    {
      hint: 'Take "mac": true out of the capabilities of its plugin bridge, which does not do what that says.',
    },
  );
}
