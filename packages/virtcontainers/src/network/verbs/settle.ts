import type { Operation } from "../../operation/run-verb.ts";
import type { LedgerRecord } from "../../store/ledger.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { unplug } from "./plug.ts";
import { tellNetworks } from "./tell-networks.ts";

/** What a killed process has left half connected of a running sandbox: links, uses of networks, a namespace. */
export interface Unsettled {
  links: string[];
  isLeft(record: LedgerRecord): boolean;
  records: LedgerRecord[];
}

/** Looks only. */
export function unsettledOf(
  { network }: Pick<StoredSandbox, "network">,
  entries: readonly { record: LedgerRecord }[],
): Unsettled {
  const used = (network?.attachments ?? []).map(({ ifName }) => ifName);
  const isLeft = (record: LedgerRecord): boolean =>
    (record.kind === "cni" && !used.includes(record.ifName)) ||
    (record.kind === "netns" && network === undefined);
  return {
    links: (network?.endpoints ?? []).filter(({ loose }) => loose).map(({ name }) => name),
    isLeft,
    records: entries.map(({ record }) => record).filter(isLeft),
  };
}

/** Takes off what a killed process has left half connected, and tells the guest what it has then. */
export async function settle(operation: Operation): Promise<void> {
  const { sandbox } = operation;
  const ledger = operation.ledger();
  const { links, records, isLeft } = unsettledOf(sandbox, ledger.entries());
  if (links.length === 0 && records.length === 0) return;
  const { network } = sandbox;
  for (const endpoint of network?.endpoints.filter(({ loose }) => loose) ?? [])
    if (network !== undefined) await unplug(operation, network, endpoint);
  await ledger.release(isLeft);
  await tellNetworks(operation);
}
