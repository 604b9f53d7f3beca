import { filterPreference } from "../../host/network/marks.ts";
import { batch } from "../batch.ts";
import type { Join } from "../work.ts";
import { openPlug } from "./queues.ts";
import { clearExisting, limitLines, onExisting } from "./rates.ts";
import { tapName } from "./tap-name.ts";
import { inOne, type TwoSteps } from "./two-steps.ts";

/**
 * The link keeps its addresses; every frame that comes in over it goes to the tap as it is, and the other way round,
 * before the host's own network sees it.
 */
export const tcfilterSteps: TwoSteps = {
  open: openPlug,
  join: async (work, endpoint) => {
    const { rates } = work;
    const tap = tapName(endpoint);
    await allOf([
      batch(work, "ip", [
        // It sends nothing of its own.
        `link set dev ${tap} addrgenmode none`,
        `link set dev ${tap} mtu ${endpoint.guest.mtu} up`,
        `link set dev ${endpoint.name} up`,
      ]),
      onExisting(work, endpoint, [
        ...redirectLines(endpoint.name, tap),
        ...redirectLines(tap, endpoint.name),
        ...limitLines(tap, rates.rxRateBits),
        ...limitLines(endpoint.name, rates.txRateBits),
      ]),
    ]);
  },
};

export const tcfilter: Join = { attach: inOne(tcfilterSteps), detach: clearExisting };

/** Waits for all, also where one has failed: nothing is left under way. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works))
    if (result.status === "rejected") throw result.reason;
}

function redirectLines(from: string, to: string): string[] {
  const all = "protocol all u32 match u8 0 0";
  return [
    `qdisc add dev ${from} ingress`,
    `filter add dev ${from} ingress pref ${filterPreference} ${all} action mirred egress redirect dev ${to}`,
  ];
}
