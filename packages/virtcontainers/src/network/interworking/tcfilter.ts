import { filterPreference } from "../../host/network/marks.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import { batch } from "../batch.ts";
import type { Join, NetworkWork } from "../work.ts";
import { closeAll, plugOf } from "./queues.ts";
import { limitLines } from "./rates.ts";
import { tapName } from "./tap-name.ts";

/**
 * The link keeps its addresses; every frame that comes in over it goes to the tap as it is, and the other way round,
 * before the host's own network sees it.
 */
export const tcfilter: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates } = work;
    const tap = tapName(endpoint);
    const taps = await host.network.openTap(network.netns.path, { name: tap, queues });
    try {
      host.failpoint("network.tap");
      await batch(work, "ip", [
        // It sends nothing of its own.
        `link set dev ${tap} addrgenmode none`,
        `link set dev ${tap} mtu ${endpoint.guest.mtu} up`,
        `link set dev ${endpoint.name} up`,
      ]);
      await redirect(work, endpoint, [
        ...redirectLines(endpoint.name, tap),
        ...redirectLines(tap, endpoint.name),
        ...limitLines(tap, rates.rxRateBits),
        ...limitLines(endpoint.name, rates.txRateBits),
      ]);
      return await plugOf(work, endpoint, taps);
    } catch (error) {
      await closeAll(taps);
      throw error;
    }
  },
  detach: async ({ host, network, ledger }, endpoint) => {
    await host.network.clearLink(network.netns, endpoint.ifindex);
    await ledger.release(
      (record) => record.kind === "qdisc" && record.ifindex === endpoint.ifindex,
    );
  },
};

/** In a namespace of the sandbox's own all of it goes with the namespace. */
async function redirect(
  work: NetworkWork,
  { name, ifindex }: StoredEndpoint,
  lines: readonly string[],
): Promise<void> {
  const { network, ledger } = work;
  if (network.created) return await batch(work, "tc", lines);
  const record = { kind: "qdisc", netns: network.netns, link: name, ifindex } as const;
  await ledger.take(record, () => batch(work, "tc", lines));
}

function redirectLines(from: string, to: string): string[] {
  const all = "protocol all u32 match u8 0 0";
  return [
    `qdisc add dev ${from} ingress`,
    `filter add dev ${from} ingress pref ${filterPreference} ${all} action mirred egress redirect dev ${to}`,
  ];
}
