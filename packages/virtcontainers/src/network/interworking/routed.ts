import type { StoredEndpoint } from "../../store/network/stored.ts";
import type { RouterRecord } from "../../store/record/router.ts";
import type { RoutedLink } from "../router/link.ts";
import { prepareRouter, readForwarding } from "../router/route.ts";
import type { Join, NetworkWork } from "../work.ts";
import { closeAll, plugOf } from "./queues.ts";
import { clearExisting, limitLines, limitOwn, onExisting } from "./rates.ts";
import { tapName } from "./tap-name.ts";

/**
 * The namespace is the guest's router, which has the link's addresses in its place: packets pass its rules. The tap
 * stays down until these stand (`router/open.ts`).
 */
export const routed: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates, ledger, signal } = work;
    const link = routedLink(endpoint);
    const place = { host, netns: network.netns.path, signal };
    const taps = await host.network.openTap(place.netns, { name: link.tap, queues });
    try {
      host.failpoint("network.tap");
      const make = (): Promise<void> => prepareRouter(place, link);
      if (network.created) await make();
      else await ledger.take(await recordOf(work, link), make);
      await limitOwn(work, link.tap, rates.rxRateBits);
      await onExisting(work, endpoint, limitLines(link.uplink, rates.txRateBits));
      return await plugOf(work, endpoint, taps);
    } catch (error) {
      await closeAll(taps);
      throw error;
    }
  },
  detach: async (work, endpoint) => {
    await clearExisting(work, endpoint);
    await work.ledger.release(
      (record) => record.kind === "router" && record.tap === tapName(endpoint),
    );
  },
};

/** What a routed endpoint is to its router. */
export function routedLink(endpoint: StoredEndpoint): RoutedLink {
  const { mtu, addresses, routes } = endpoint.guest;
  return {
    uplink: endpoint.name,
    tap: tapName(endpoint),
    mtu,
    addresses,
    routes: routes.map(({ dest, gateway }) => ({ dest, gateway })),
  };
}

async function recordOf(
  { host, network, signal }: NetworkWork,
  { uplink, tap, addresses, routes }: RoutedLink,
): Promise<RouterRecord> {
  const { netns } = network;
  const forwarding = await readForwarding({ host, netns: netns.path, signal });
  return {
    kind: "router",
    netns,
    link: uplink,
    tap,
    addresses: [...addresses],
    routes: [...routes],
    forwarding,
  };
}
