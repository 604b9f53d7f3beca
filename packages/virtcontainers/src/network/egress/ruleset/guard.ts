import { isIPv4 } from "node:net";
import { guardTable } from "../../../store/network/tables.ts";
import { pass } from "./marks.ts";
import type { GuestTap } from "./network.ts";

const neighbours =
  "ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";

/**
 * What stands before anything else and stays when the helper has ended: nothing passes but what the helper's own
 * table has marked, and nothing comes from the guest but ARP, neighbour discovery, and IP with its own addresses.
 */
export function guardRuleset(taps: readonly GuestTap[]): string {
  const marked = `meta mark & ${pass} == ${pass} accept`;
  const anew = ["inet", "netdev"].map(
    (family) => `add table ${family} ${guardTable}\ndelete table ${family} ${guardTable}\n`,
  );
  return `${anew.join("")}table inet ${guardTable} {
  chain forward {
    type filter hook forward priority filter + 10; policy drop;
    ${marked}
  }
  chain input {
    type filter hook input priority filter + 10; policy drop;
    ${marked}
    ${neighbours}
  }
  chain output {
    type filter hook output priority filter + 10; policy drop;
    ${marked}
    ${neighbours}
  }
}
table netdev ${guardTable} {
${taps.map(fromTap).join("")}}
`;
}

function fromTap({ name, mac, addresses }: GuestTap, index: number): string {
  return `  chain from_guest${index} {
    type filter hook ingress device "${name}" priority filter; policy drop;
    ether saddr != ${mac} drop
${sources(addresses, mac)
  .map((line) => `    ${line}\n`)
  .join("")}  }
`;
}

/** Of fragments the first header tells what follows; the rest is looked at when they are one packet again. */
function sources(addresses: readonly string[], mac: string): string[] {
  const own4 = addresses.filter(isIPv4);
  const own6 = addresses.filter((address) => !isIPv4(address));
  const lines: string[] = [];
  if (own4.length > 0)
    lines.push(
      `ether type arp arp htype 1 arp ptype ip arp saddr ether ${mac} arp saddr ip { ${own4.join(", ")}, 0.0.0.0 } accept`,
      `ether type ip ip saddr { ${own4.join(", ")} } ip protocol { tcp, udp, icmp } accept`,
    );
  if (own6.length > 0)
    lines.push(
      `ether type ip6 ip6 saddr { ${own6.join(", ")} } ip6 nexthdr { tcp, udp, icmpv6, 44 } accept`,
      `ether type ip6 ip6 saddr { ::, fe80::/10 } ip6 nexthdr icmpv6 ip6 hoplimit 255 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
    );
  return lines;
}
