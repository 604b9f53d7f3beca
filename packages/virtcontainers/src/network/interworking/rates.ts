import type { SandboxNetwork } from "../../config/network/network.ts";
import { VirtError } from "../../errors.ts";
import { rateHandle } from "../../host/network/marks.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import { batch } from "../batch.ts";
import type { NetworkWork } from "../work.ts";

/** What lets a link send no more than so many bits per second; nothing without a limit. */
export function limitLines(link: string, bits: number | undefined): string[] {
  if (bits === undefined) return [];
  const rate = `rate ${bits}bit ceil ${bits}bit`;
  return [
    `qdisc add dev ${link} root handle ${rateHandle}: htb default 2`,
    `class add dev ${link} parent ${rateHandle}: classid ${rateHandle}:1 htb ${rate}`,
    `class add dev ${link} parent ${rateHandle}:1 classid ${rateHandle}:2 htb ${rate}`,
  ];
}

/** Limits what was made for the guest, and goes with it. */
export async function limitOwn(
  work: NetworkWork,
  link: string,
  bits: number | undefined,
): Promise<void> {
  if (bits !== undefined) await batch(work, "tc", limitLines(link, bits));
}

/** Puts something on a link that was there before; in a namespace of somebody else's the ledger knows to take it off. */
export async function onExisting(
  work: NetworkWork,
  { name, ifindex }: StoredEndpoint,
  lines: readonly string[],
): Promise<void> {
  const { network, ledger } = work;
  if (lines.length === 0) return;
  if (network.created) return await batch(work, "tc", lines);
  const record = { kind: "qdisc", netns: network.netns, link: name, ifindex } as const;
  await ledger.take(record, () => batch(work, "tc", lines));
}

/** Takes that off again. */
export async function clearExisting(
  { host, network, ledger }: NetworkWork,
  { ifindex }: StoredEndpoint,
): Promise<void> {
  await host.network.clearLink(network.netns, ifindex);
  await ledger.release((record) => record.kind === "qdisc" && record.ifindex === ifindex);
}

/** NOT_SUPPORTED for a direction that nothing on this way can limit. */
export function assertUnlimited(
  { rates }: NetworkWork,
  field: keyof Pick<SandboxNetwork, "rxRateBits" | "txRateBits">,
  { name, type, model }: StoredEndpoint,
): void {
  if (rates[field] === undefined) return;
  const way = type === "virtual" || type === "macvlan" ? `by ${model}` : `as a ${type}`;
  throw new VirtError("NOT_SUPPORTED", `network.${field} can't be honoured for ${name} ${way}`, {
    field: `network.${field}`,
    hint: "Leave it out, or use a veth with the model tcfilter.",
  });
}
