import * as v from "valibot";
import type { Nftables } from "../../../host/packets/nftables.ts";
import type { CompiledPolicy } from "../compile.ts";
import type { EgressCounts } from "../control.ts";
import { counterName, policyTable } from "../ruleset/names.ts";

const Counters = v.object({
  nftables: v.array(
    v.object({
      counter: v.optional(v.object({ name: v.string(), packets: v.number(), bytes: v.number() })),
    }),
  ),
});

/** What the rules of the kernel have counted. */
export function countedPackets(
  nft: Nftables,
  { allow, deny, default: other }: CompiledPolicy,
): EgressCounts["rules"] {
  const { nftables } = v.parse(
    Counters,
    JSON.parse(nft.list(`list counters table inet ${policyTable}\n`)),
  );
  const names = new Map([
    [counterName("default"), { rule: "default", verdict: other as string }],
    [counterName("builtin"), { rule: "builtin", verdict: "deny" }],
    ...allow.map(({ id, text }) => [counterName(id), { rule: text, verdict: "allow" }] as const),
    ...deny.map(({ id, text }) => [counterName(id), { rule: text, verdict: "deny" }] as const),
  ]);
  return nftables.flatMap(({ counter }) => {
    const known = counter === undefined ? undefined : names.get(counter.name);
    if (counter === undefined || known === undefined) return [];
    return [{ ...known, packets: counter.packets, bytes: counter.bytes }];
  });
}
