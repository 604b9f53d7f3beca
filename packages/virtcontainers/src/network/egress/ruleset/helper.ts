import type { PortRange } from "../../../config/network/egress/ports.ts";
import type { CompiledPolicy, CompiledRule } from "../compile.ts";
import { type Chain, passed } from "./chain.ts";
import { allowRules, denyRules, toClosed } from "./closed.ts";
import { liveMarks } from "./forward.ts";
import { connection, pass, spliced } from "./marks.ts";
import { portSet, sent } from "./match.ts";
import { fromGuest, type RouterNetwork, toGuest } from "./network.ts";

/** Who the helper is, and where it listens. */
export interface HelperPlace {
  uid: number;
  dnsPort: number;
  splicePort: number;
}

const neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert }";

/** What goes to the helper: all DNS, and connections to names. What it may do itself. */
export function helperChains(
  policy: CompiledPolicy,
  network: RouterNetwork,
  helper: HelperPlace,
): Chain[] {
  const ports = splicedPorts(policy);
  const from = fromGuest(network);
  return [
    {
      name: "nat",
      hook: "nat hook prerouting priority dstnat",
      rules: [`${from} meta l4proto { tcp, udp } th dport 53 redirect to :${helper.dnsPort}`],
    },
    ...(ports.length === 0 ? [] : [spliceChain(policy, network, helper)]),
    {
      name: "prerouting",
      hook: "filter hook prerouting priority mangle",
      rules: ports.length === 0 ? [] : [`${from} tcp dport ${portSet(ports)} jump splice`],
    },
    {
      name: "input",
      hook: "filter hook input priority filter",
      rules: [
        `${from} ct status dnat meta l4proto { tcp, udp } th dport ${helper.dnsPort} ${passed}`,
        `${from} meta mark & ${spliced} == ${spliced} accept`,
        `${neighbours} accept`,
        `${from} goto built_in`,
        `ct state { established, related } ${passed}`,
      ],
    },
    {
      name: "output",
      hook: "filter hook output priority filter",
      rules: output(policy, network, helper),
    },
  ];
}

/** What an address decides about is left to it, allowed or denied. */
function spliceChain(policy: CompiledPolicy, network: RouterNetwork, helper: HelperPlace): Chain {
  const { narrow, wide } = allowRules(policy, network);
  const left = (rules: readonly CompiledRule[]): string[] => rules.flatMap(sent);
  const marks = `meta mark set ${pass | spliced} ct mark set ${connection.spliced} accept`;
  return {
    name: "splice",
    rules: [
      `ct direction original ct mark ${liveMarks(policy)} return`,
      ...[...left(denyRules(policy)), ...left(narrow), ...toClosed(network), ...left(wide)].map(
        (when) => `${when} return`.trim(),
      ),
      ...(["ip", "ip6"] as const).map((family) => {
        const version = family === "ip" ? 4 : 6;
        return `meta nfproto ipv${version} meta l4proto tcp tproxy ${family} to :${helper.splicePort} ${marks}`;
      }),
    ],
  };
}

function output(policy: CompiledPolicy, network: RouterNetwork, { uid }: HelperPlace): string[] {
  const { narrow } = allowRules(policy, network);
  const own = `meta skuid ${uid}`;
  return [
    `${toGuest(network)} ${passed}`,
    `${neighbours} accept`,
    ...network.servers.map((server) => {
      const family = server.includes(":") ? "ip6" : "ip";
      return `${own} ${family} daddr ${server} meta l4proto { tcp, udp } th dport 53 ${passed}`;
    }),
    ...denyRules(policy).flatMap((rule) => sent(rule).map((when) => `${when} drop`)),
    ...narrow.flatMap((rule) => sent(rule).map((when) => `${own} ${when} ${passed}`)),
    ...toClosed(network).map((when) => `${when} drop`),
    `${own} meta l4proto tcp ${passed}`,
  ];
}

/** By default allow, names that are denied are looked for where names are usual. */
function splicedPorts({ allow, deny, default: other }: CompiledPolicy): PortRange[] {
  const named = allow.flatMap(({ tls, http }) => [...tls, ...http]);
  if (other === "deny" || deny.every(({ domain }) => domain === undefined)) return named;
  return [...named, ...[80, 443].map((port) => ({ from: port, to: port }))];
}
