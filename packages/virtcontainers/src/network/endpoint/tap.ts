import { batch } from "../batch.ts";
import { closeAll, plugOf } from "../interworking/queues.ts";
import { assertUnlimited, limitOwn } from "../interworking/rates.ts";
import type { Join } from "../work.ts";

/** A tap that is made for the guest, with the namespace itself at its other end; gone with the VMM. */
export const tap: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates } = work;
    const { name, guest } = endpoint;
    assertUnlimited(work, "txRateBits", endpoint);
    const taps = await host.network.openTap(network.netns.path, { name, queues });
    try {
      await batch(work, "ip", [`link set dev ${name} mtu ${guest.mtu} up`]);
      await limitOwn(work, name, rates.rxRateBits);
      return await plugOf(work, endpoint, taps);
    } catch (error) {
      await closeAll(taps);
      throw error;
    }
  },
  detach: async () => {},
};
