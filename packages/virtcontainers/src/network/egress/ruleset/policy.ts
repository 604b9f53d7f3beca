import type { CompiledPolicy } from "../compile.ts";
import { forwardChains } from "./forward.ts";
import { type HelperPlace, helperChains } from "./helper.ts";
import { chainName, counterName, nameSet, policyTable } from "./names.ts";
import type { RouterNetwork } from "./network.ts";
import { verdictChains } from "./verdicts.ts";

/** So many addresses of names are open at once for one rule. */
const maxAddresses = 4096;
const table = `inet ${policyTable}`;

/**
 * The table of the helper, which the kernel removes when the helper ends: it marks what may pass the guard. A load is
 * one transaction, in place of the policy `before`; what a rule that stays has opened stays open.
 */
export function policyRuleset(
  policy: CompiledPolicy,
  network: RouterNetwork,
  helper: HelperPlace,
  before?: CompiledPolicy,
): string {
  const chains = [
    ...verdictChains(policy, network),
    ...forwardChains(policy, network),
    ...helperChains(policy, network, helper),
  ];
  // As one block: nft takes much longer for so many commands.
  return [
    ...(before === undefined ? [] : replace(before, policy)),
    `table ${table} {`,
    "flags owner;",
    ...["default", "builtin", ...idsOf(policy)].map((id) => `counter ${counterName(id)} { }`),
    ...setsOf(policy).map(
      (name) => `set ${name} { type ipv${name[1]}_addr; flags timeout; size ${maxAddresses}; }`,
    ),
    ...chains.flatMap(({ name, hook, rules }) => [
      `chain ${name} {`,
      ...(hook === undefined ? [] : [`type ${hook};`]),
      ...rules,
      "}",
    ]),
    "}",
    "",
  ].join("\n");
}

/** Takes out all rules, and what only the policy before needs. */
function replace(before: CompiledPolicy, policy: CompiledPolicy): string[] {
  const stale = idsOf(before).filter((id) => !idsOf(policy).includes(id));
  const kept = setsOf(policy);
  return [
    `flush table ${table}`,
    ...stale.map((id) => `delete chain ${table} ${chainName(id)}`),
    ...stale.map((id) => `delete counter ${table} ${counterName(id)}`),
    ...setsOf(before)
      .filter((name) => !kept.includes(name))
      .map((name) => `delete set ${table} ${name}`),
  ];
}

function idsOf({ allow, deny }: CompiledPolicy): number[] {
  return [...allow, ...deny].map(({ id }) => id);
}

function setsOf({ allow }: CompiledPolicy): string[] {
  return allow
    .filter(({ domain }) => domain !== undefined)
    .flatMap(({ id }) => [nameSet(id, 4), nameSet(id, 6)]);
}
