import type { CompiledPolicy } from "../compile.ts";
import { type Chain, passed } from "./chain.ts";
import { connection, logGroup } from "./marks.ts";
import { chainName, counterName } from "./names.ts";
import { fromGuest, type RouterNetwork } from "./network.ts";

/** Of what a guest does many times a second, some is written down, and all is counted. */
const logLimit = "limit rate 50/second burst 100 packets";
const end = "end";

/** What is done with a packet when it is decided who decides: counted, written down, and passed or refused. */
export function verdictChains(
  { allow, deny, default: other }: CompiledPolicy,
  network: RouterNetwork,
): Chain[] {
  const from = fromGuest(network);
  return [
    ...allow.map(({ id }) => ({
      name: chainName(id),
      rules: [`ct mark set ${id}`, ...noted(id, `allow ${id}`), passed],
    })),
    {
      name: end,
      rules: [
        `${from} meta l4proto tcp reject with tcp reset`,
        `${from} reject with icmpx type admin-prohibited`,
        "drop",
      ],
    },
    ...deny.map(({ id }) => refusal(chainName(id), id, `deny ${id}`)),
    refusal("built_in", "builtin", "deny builtin"),
    other === "allow"
      ? {
          name: "by_default",
          rules: ["meta l4proto { tcp, udp }", "icmp type echo-request", "icmpv6 type echo-request"]
            .map((when) => `${when} goto default_allowed`)
            .concat(`goto ${end}`),
        }
      : refusal("by_default", "default", "deny default"),
    {
      name: "default_allowed",
      rules: [
        `ct mark set ${connection.default}`,
        `counter name ${counterName("default")}`,
        passed,
      ],
    },
  ];
}

function refusal(name: string, id: number | string, prefix: string): Chain {
  return { name, rules: [...noted(id, prefix), `goto ${end}`] };
}

function noted(id: number | string, prefix: string): string[] {
  return [
    `counter name ${counterName(id)}`,
    `${logLimit} log prefix "${prefix}" group ${logGroup} queue-threshold 1`,
  ];
}
