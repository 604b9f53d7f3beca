import type { CompiledPolicy, CompiledRule } from "../compile.ts";
import { type Chain, passed } from "./chain.ts";
import { allowRules, denyRules, toClosed } from "./closed.ts";
import { connection } from "./marks.ts";
import { portSet, returned, sent } from "./match.ts";
import { chainName } from "./names.ts";
import { fromGuest, type RouterNetwork, toGuest } from "./network.ts";

/**
 * Between the guest and the world: what is denied is dropped in both directions, also of open connections. Of these
 * go on those that a rule of this policy allowed; one that is new needs such a rule.
 */
export function forwardChains(policy: CompiledPolicy, network: RouterNetwork): Chain[] {
  const from = fromGuest(network);
  const to = toGuest(network);
  const other = from.replace("iifname", "iifname !=");
  const { narrow, wide } = allowRules(policy, network);
  return [
    { name: "closed", rules: toClosed(network).map((when) => `${when} goto built_in`) },
    {
      name: "refused",
      rules: denyRules(policy).flatMap((rule) => [
        ...sent(rule).map((when) => `ct direction original ${when} goto ${chainName(rule.id)}`),
        ...returned(rule).map((when) => `ct direction reply ${when} goto ${chainName(rule.id)}`),
      ]),
    },
    {
      name: "forward",
      hook: "filter hook forward priority filter",
      rules: [
        "jump refused",
        `ct state { established, related } ct mark ${liveMarks(policy)} ${passed}`,
        ...network.inbound.map(
          ({ protocol, port }) =>
            `${other} ${to} ct state new ${protocol} dport ${port} ct mark set ${connection.inbound} ${passed}`,
        ),
        `${other} drop`,
        `${to} drop`,
        "ct state invalid drop",
        ...decided(narrow),
        "jump closed",
        ...decided(wide),
        "goto by_default",
      ],
    },
  ];
}

/** The marks of connections that this policy lets go on. */
export function liveMarks({ allow, default: other }: CompiledPolicy): string {
  const ids = [connection.inbound, ...allow.map(({ id }) => id)];
  if (other === "allow") ids.push(connection.default);
  return portSet(ids.map((id) => ({ from: id, to: id })));
}

function decided(rules: readonly CompiledRule[]): string[] {
  return rules.flatMap((rule) => sent(rule).map((when) => `${when} goto ${chainName(rule.id)}`));
}
