import { type EgressPolicy, EgressPolicySchema } from "../../config/network/egress/policy.ts";
import { VirtError } from "../../errors.ts";
import { assertUp, type Operation, type Verb } from "../../operation/run-verb.ts";
import { parse } from "../../validate.ts";
import type { EgressCounts } from "./control.ts";
import { changePolicy, type Enforcement, readStatus } from "./enforce.ts";
import { enforcementOf } from "./open.ts";

/** The policy that is in force, and what it has decided. */
export interface EgressStatus extends EgressCounts {
  policy: EgressPolicy;
}

/** Puts another policy in force, at once and for open connections too. */
export function setEgress(wanted: EgressPolicy): Verb<void> {
  const policy = parse(EgressPolicySchema, wanted, "egress");
  return async (operation) => {
    const { context, sandbox, signal, save } = operation;
    const enforcement = await enforced(operation, "change the egress policy of");
    await changePolicy(context.host, { ...enforcement, policy }, signal);
    sandbox.config.network = { ...sandbox.config.network, egress: policy };
    await save();
  };
}

/** The policy that is in force, and what it has decided. */
export const egressStatus: Verb<EgressStatus> = async (operation) => {
  const { folder, policy } = await enforced(operation, "look at the egress policy of");
  return { policy, ...(await readStatus(operation.context.host, folder, operation.signal)) };
};

async function enforced(operation: Operation, doing: string): Promise<Enforcement> {
  const { context, sandbox } = operation;
  assertUp(operation, doing);
  const found = await enforcementOf(context, sandbox);
  if (found !== undefined) return found;
  throw new VirtError("NOT_SUPPORTED", `can't ${doing} sandbox ${sandbox.id}: it has none`, {
    sandboxId: sandbox.id,
    field: "network.egress",
    hint: "Whether its packets pass rules of the host is decided at its create: make it with network.egress, also one that allows all.",
  });
}
