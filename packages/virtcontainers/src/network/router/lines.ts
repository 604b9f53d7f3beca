import { isIPv6 } from "node:net";
import { routerTable } from "../../store/network/tables.ts";
import { blockText, parseBlock } from "../block.ts";
import { type RoutedLink, routerAddress4, routerAddress6 } from "./link.ts";

/** For `ip -batch`, while the tap is down: the guest's addresses leave the router, and its routes stay. */
export function uplinkLines({ uplink, tap, mtu, addresses, routes }: RoutedLink): string[] {
  return [
    `link set dev ${tap} mtu ${mtu} addrgenmode none`,
    `addr add ${routerAddress4}/32 dev ${tap}`,
    ...(hasV6(addresses) ? [`addr add ${routerAddress6}/128 dev ${tap} nodad`] : []),
    `link set dev ${uplink} up`,
    ...addresses.map(({ address, prefix }) => `addr del ${address}/${prefix} dev ${uplink}`),
    ...addresses
      .map(({ address, prefix }) => parseBlock(`${address}/${prefix}`))
      .filter(({ family, prefix }) => prefix < bitsOf(family))
      .map((block) => `route replace ${blockText(block)} dev ${uplink}`),
    ...routes.map(
      ({ dest = "default", gateway }) =>
        `route replace ${dest}${gateway === undefined ? "" : ` via ${gateway}`} dev ${uplink}`,
    ),
    ...addresses
      .filter(({ address }) => isIPv6(address))
      .map(({ address }) => `neigh replace proxy ${address} dev ${uplink}`),
    ...gateways6(routes).map((gateway) => `neigh replace proxy ${gateway} dev ${tap}`),
  ];
}

/** For `ip -batch`, when what is not allowed is dropped already: the tap is up and leads to the guest. */
export function tapLines({ tap, addresses }: RoutedLink): string[] {
  return [
    `link set dev ${tap} up`,
    ...addresses.map(({ address }) => `route replace ${blockText(parseBlock(address))} dev ${tap}`),
  ];
}

/** For `sh`: the namespace forwards, and answers on each side for what is on the other. */
export function forwardingScript({ uplink, tap, addresses }: RoutedLink): string {
  const set = (path: string, value: number): string => `echo ${value} > /proc/sys/net/${path}`;
  const sides = [uplink, tap];
  return [
    set("ipv4/ip_forward", 1),
    ...sides.flatMap((link) => [
      set(`ipv4/conf/${link}/proxy_arp`, 1),
      set(`ipv4/neigh/${link}/proxy_delay`, 0),
    ]),
    ...(hasV6(addresses)
      ? [
          set("ipv6/conf/all/forwarding", 1),
          ...sides.flatMap((link) => [
            set(`ipv6/conf/${link}/proxy_ndp`, 1),
            set(`ipv6/neigh/${link}/proxy_delay`, 0),
          ]),
        ]
      : []),
  ].join(" && ");
}

/** What the router itself sends leaves as the guest: nobody sees that there are two. */
export function sourceRules({ uplink, addresses }: RoutedLink): string {
  const four = addresses.find(({ address }) => !isIPv6(address));
  const six = addresses.find(({ address }) => isIPv6(address));
  const rules = [
    ...(four === undefined ? [] : [`ip saddr ${routerAddress4} snat ip to ${four.address}`]),
    ...(six === undefined ? [] : [`ip6 saddr ${routerAddress6} snat ip6 to ${six.address}`]),
  ];
  return `table inet ${routerTable} {
  chain from_${uplink.replaceAll(/[^a-zA-Z0-9]/g, "_")} {
    type nat hook postrouting priority srcnat; policy accept;
${rules.map((rule) => `    oifname "${uplink}" ${rule}\n`).join("")}  }
}
`;
}

function hasV6(addresses: RoutedLink["addresses"]): boolean {
  return addresses.some(({ address }) => isIPv6(address));
}

function gateways6(routes: RoutedLink["routes"]): string[] {
  return routes.flatMap(({ gateway }) => (gateway !== undefined && isIPv6(gateway) ? gateway : []));
}

function bitsOf(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}
