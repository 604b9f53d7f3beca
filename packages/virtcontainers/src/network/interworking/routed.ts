import type { StoredEndpoint } from "../../store/network/stored.ts";
import type { RouterRecord } from "../../store/record/router.ts";
import type { RoutedLink } from "../router/link.ts";
import { prepareRouter, readForwarding } from "../router/route.ts";
import type { Join, NetworkWork } from "../work.ts";
import { openPlug } from "./queues.ts";
import { clearExisting, limitLines, limitOwn, onExisting } from "./rates.ts";
import { tapName } from "./tap-name.ts";
import { inOne, type TwoSteps } from "./two-steps.ts";

/**
 * The namespace is the guest's router, which has the link's addresses in its place: packets pass its rules. The tap
 * stays down until these stand (`router/open.ts`).
 */
export const routedSteps: TwoSteps = {
  open: openPlug,
  join: async (work, endpoint) => {
    const { host, network, rates, ledger, signal } = work;
    const link = routedLink(endpoint);
    const make = (): Promise<void> =>
      prepareRouter({ host, netns: network.netns.path, signal }, link);
    if (network.created) await make();
    else await ledger.take(await recordOf(work, link), make);
    await limitOwn(work, link.tap, rates.rxRateBits);
    await onExisting(work, endpoint, limitLines(link.uplink, rates.txRateBits));
  },
};

export const routed: Join = {
  attach: inOne(routedSteps),
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
