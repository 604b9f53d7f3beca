import { type Block, blockText, contains, parseBlock } from "../block.ts";
import { alwaysDenied } from "../blocks.ts";
import type { CompiledPolicy, CompiledRule } from "../compile.ts";
import { connection, logGroup, pass, spliced } from "./marks.ts";
import { nameSet, portSet, returned, sent } from "./match.ts";
import type { RouterNetwork } from "./network.ts";

export const policyTable = "virtc_egress";

/** So many addresses of names are open at once for one rule. */
export const maxAddresses = 4096;

/** Where the helper listens, as what it runs, and what is in its table already. */
export interface HelperPlace {
  uid: number;
  dnsPort: number;
  splicePort: number;
}

const logLimit = "limit rate 50/second burst 100 packets";
const passed = `meta mark set meta mark | ${pass}`;

/**
 * The table of the helper, which the kernel removes when the helper ends: it marks what may pass. A load of it is one
 * transaction; what a rule that stays has opened stays open.
 */
export function policyRuleset(
  policy: CompiledPolicy,
  network: RouterNetwork,
  helper: HelperPlace,
  before?: CompiledPolicy,
): string {
  const table = `inet ${policyTable}`;
  const chains = chainsOf(policy, network, helper);
  const stale = namesOf(before).filter((name) => !namesOf(policy).includes(name));
  const staleChains = idsOf(before).filter((id) => !idsOf(policy).includes(id));
  return [
    ...(before === undefined ? [`add table ${table} { flags owner; }`] : [`flush table ${table}`]),
    ...staleChains.map((id) => `delete chain ${table} ${chainName(id)}`),
    ...stale.map((name) => `delete set ${table} ${name}`),
    ...staleChains.map((id) => `delete counter ${table} ${counterName(id)}`),
    ...namesOf(policy).map(
      (name) =>
        `add set ${table} ${name} { type ipv${name[1]}_addr; flags timeout; size ${maxAddresses}; }`,
    ),
    ...["default", "builtin", ...idsOf(policy)].map(
      (id) => `add counter ${table} ${counterName(id)}`,
    ),
    ...chains.map(({ name, hook }) =>
      hook === undefined
        ? `add chain ${table} ${name}`
        : `add chain ${table} ${name} { type ${hook}; }`,
    ),
    ...chains.flatMap(({ name, rules }) =>
      rules.map((rule) => `add rule ${table} ${name} ${rule}`),
    ),
    "",
  ].join("\n");
}

interface Chain {
  name: string;
  hook?: string;
  rules: string[];
}

export function counterName(id: number | string): string {
  return `c_${typeof id === "number" ? id.toString(16) : id}`;
}

function chainName(id: number): string {
  return `r_${id.toString(16)}`;
}

function idsOf(policy: CompiledPolicy | undefined): number[] {
  return [...(policy?.allow ?? []), ...(policy?.deny ?? [])].map(({ id }) => id);
}

function namesOf(policy: CompiledPolicy | undefined): string[] {
  return (policy?.allow ?? [])
    .filter(({ domain }) => domain !== undefined)
    .flatMap(({ id }) => [nameSet(id, 4), nameSet(id, 6)]);
}

function chainsOf(policy: CompiledPolicy, network: RouterNetwork, helper: HelperPlace): Chain[] {
  const { tap } = network;
  const from = `iifname "${tap}"`;
  const closed = closedBlocks(network);
  const deny = policy.deny.filter(({ domain }) => domain === undefined);
  const narrow = policy.allow.filter(({ block }) => block !== undefined && isNarrow(closed, block));
  const wide = policy.allow.filter((rule) => !narrow.includes(rule));
  const go = (rules: readonly CompiledRule[]): string[] =>
    rules.flatMap((rule) => sent(rule).map((when) => `${when} goto ${chainName(rule.id)}`));
  const skip = (rules: readonly CompiledRule[]): string[] =>
    rules.flatMap((rule) => sent(rule).map((when) => `${when} return`));
  const live = portSet(
    [
      connection.inbound,
      ...(policy.default === "allow" ? [connection.default] : []),
      ...policy.allow.map(({ id }) => id),
    ].map((id) => ({ from: id, to: id })),
  );
  const splicedPorts = portsToSplice(policy);
  return [
    ...policy.allow.map(({ id }) => allowChain(id)),
    ...policy.deny.map(({ id }) => denyChain(id)),
    {
      name: "end",
      rules: [
        `${from} meta l4proto tcp reject with tcp reset`,
        `${from} reject with icmpx type admin-prohibited`,
        "drop",
      ],
    },
    {
      name: "default_allowed",
      rules: [
        `ct mark set ${connection.default}`,
        `counter name ${counterName("default")}`,
        `${passed} accept`,
      ],
    },
    {
      name: "by_default",
      rules:
        policy.default === "allow"
          ? [
              "meta l4proto { tcp, udp } goto default_allowed",
              "icmp type echo-request goto default_allowed",
              "icmpv6 type echo-request goto default_allowed",
              "goto end",
            ]
          : [
              `counter name ${counterName("default")}`,
              `${logLimit} log prefix "deny default" group ${logGroup}`,
              "goto end",
            ],
    },
    {
      name: "built_in",
      rules: [
        `counter name ${counterName("builtin")}`,
        `${logLimit} log prefix "deny builtin" group ${logGroup}`,
        "goto end",
      ],
    },
    {
      name: "closed",
      rules: [
        ...closed.map(
          (block) => `${block.family === 4 ? "ip" : "ip6"} daddr ${blockText(block)} goto built_in`,
        ),
      ],
    },
    {
      name: "refused",
      rules: deny.flatMap((rule) => [
        ...sent(rule).map((when) => `ct direction original ${when} goto ${chainName(rule.id)}`),
        ...returned(rule).map((when) => `ct direction reply ${when} goto ${chainName(rule.id)}`),
      ]),
    },
    {
      name: "splice",
      rules:
        splicedPorts.length === 0
          ? []
          : [
              `ct direction original ct mark ${live} return`,
              ...skip(deny),
              ...skip(narrow),
              ...closed.map(
                (block) => `${block.family === 4 ? "ip" : "ip6"} daddr ${blockText(block)} return`,
              ),
              ...skip(wide),
              ...(["ip", "ip6"] as const).map(
                (family) =>
                  `meta nfproto ${family === "ip" ? "ipv4" : "ipv6"} meta l4proto tcp tproxy ${family} to :${helper.splicePort} meta mark set ${pass | spliced} ct mark set ${connection.spliced} accept`,
              ),
            ],
    },
    {
      name: "prerouting",
      hook: "filter hook prerouting priority mangle",
      rules:
        splicedPorts.length === 0 ? [] : [`${from} tcp dport ${portSet(splicedPorts)} jump splice`],
    },
    {
      name: "nat",
      hook: "nat hook prerouting priority dstnat",
      rules: [`${from} meta l4proto { tcp, udp } th dport 53 redirect to :${helper.dnsPort}`],
    },
    {
      name: "forward",
      hook: "filter hook forward priority filter",
      rules: [
        "jump refused",
        `ct state { established, related } ct mark ${live} ${passed} accept`,
        ...network.inbound.map(
          ({ protocol, port }) =>
            `iifname != "${tap}" oifname "${tap}" ct state new ${protocol} dport ${port} ct mark set ${connection.inbound} ${passed} accept`,
        ),
        `iifname != "${tap}" drop`,
        `oifname "${tap}" drop`,
        "ct state invalid drop",
        ...go(narrow),
        "jump closed",
        ...go(wide),
        "goto by_default",
      ],
    },
    {
      name: "input",
      hook: "filter hook input priority filter",
      rules: [
        `${from} ct status dnat meta l4proto { tcp, udp } th dport ${helper.dnsPort} ${passed} accept`,
        `${from} meta mark & ${spliced} == ${spliced} accept`,
        `${from} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept`,
        `${from} goto by_router`,
        `ct state { established, related } ${passed} accept`,
      ],
    },
    {
      name: "by_router",
      rules: [
        `counter name ${counterName("builtin")}`,
        `${logLimit} log prefix "deny builtin" group ${logGroup}`,
        "goto end",
      ],
    },
    {
      name: "output",
      hook: "filter hook output priority filter",
      rules: [
        `oifname "${tap}" ${passed} accept`,
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        ...network.servers.map(
          (server) =>
            `meta skuid ${helper.uid} ${server.includes(":") ? "ip6" : "ip"} daddr ${server} meta l4proto { tcp, udp } th dport 53 ${passed} accept`,
        ),
        ...deny.flatMap((rule) => sent(rule).map((when) => `${when} drop`)),
        ...narrow.flatMap((rule) =>
          sent(rule).map((when) => `meta skuid ${helper.uid} ${when} ${passed} accept`),
        ),
        "jump closed",
        `meta skuid ${helper.uid} meta l4proto tcp ${passed} accept`,
      ],
    },
  ];
}

/** All names of all policies may be asked for on these ports; the helper knows which of them on which. */
function portsToSplice({ allow, deny, default: other }: CompiledPolicy) {
  const named = allow.flatMap(({ tls, http }) => [...tls, ...http]);
  if (other === "deny" || deny.every(({ domain }) => domain === undefined)) return named;
  return [...named, ...[80, 443].map((port) => ({ from: port, to: port }))];
}

export function closedBlocks({ internal }: Pick<RouterNetwork, "internal">): Block[] {
  return [...alwaysDenied, ...internal.map(parseBlock)];
}

/** A rule opens what is closed only by naming it. */
export function isNarrow(closed: readonly Block[], block: Block): boolean {
  return closed.some((each) => contains(each, block));
}

function allowChain(id: number): Chain {
  return {
    name: chainName(id),
    rules: [
      `ct mark set ${id}`,
      `counter name ${counterName(id)}`,
      `${logLimit} log prefix "allow ${id}" group ${logGroup}`,
      `${passed} accept`,
    ],
  };
}

function denyChain(id: number): Chain {
  return {
    name: chainName(id),
    rules: [
      `counter name ${counterName(id)}`,
      `${logLimit} log prefix "deny ${id}" group ${logGroup}`,
      "goto end",
    ],
  };
}
