import type { OpenDescriptor } from "../../host/host.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import { batch } from "../batch.ts";
import { closeAll, plugOf } from "../interworking/queues.ts";
import {
  assertUnlimited,
  clearExisting,
  limitLines,
  limitOwn,
  onExisting,
} from "../interworking/rates.ts";
import type { Join, NetworkWork } from "../work.ts";

/**
 * A tap that is made for the guest, with the namespace itself at its other end, gone with the VMM; or one that another
 * program has made, and keeps.
 */
export const tap: Join = {
  attach: async (work, endpoint) => {
    assertUnlimited(work, "txRateBits", endpoint);
    const taps = await open(work, endpoint);
    try {
      await (endpoint.source?.kind === "tap"
        ? setUpForeign(work, endpoint, endpoint.source.name)
        : setUpOwn(work, endpoint));
      return await plugOf(work, endpoint, taps);
    } catch (error) {
      await closeAll(taps);
      throw error;
    }
  },
  detach: async (work, endpoint) => {
    if (endpoint.source !== undefined) await clearExisting(work, endpoint);
  },
};

async function open(
  { host, network, queues }: NetworkWork,
  { name, source }: StoredEndpoint,
): Promise<OpenDescriptor[]> {
  const { path } = network.netns;
  if (source?.kind !== "tap") return await host.network.openTap(path, { name, queues });
  return await host.network.openTap(path, {
    name: source.name,
    queues: source.queues,
    existing: true,
  });
}

async function setUpOwn(work: NetworkWork, { name, guest }: StoredEndpoint): Promise<void> {
  await batch(work, "ip", [`link set dev ${name} mtu ${guest.mtu} up`]);
  await limitOwn(work, name, work.rates.rxRateBits);
}

async function setUpForeign(
  work: NetworkWork,
  endpoint: StoredEndpoint,
  name: string,
): Promise<void> {
  await batch(work, "ip", [`link set dev ${name} up`]);
  await onExisting(work, endpoint, limitLines(name, work.rates.rxRateBits));
}
