import { batch } from "../batch.ts";
import { plugOf } from "../interworking/queues.ts";
import { assertUnlimited, clearExisting, limitLines, onExisting } from "../interworking/rates.ts";
import type { Join } from "../work.ts";

/** A macvtap of somebody else's: what comes to it is the guest's as long as the VMM has it open. */
export const macvtap: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates } = work;
    const { name, ifindex } = endpoint;
    assertUnlimited(work, "rxRateBits", endpoint);
    await batch(work, "ip", [`link set dev ${name} up`]);
    await onExisting(work, endpoint, limitLines(name, rates.txRateBits));
    const taps = await host.network.openMacvtap(network.netns.path, { ifindex, queues });
    return await plugOf(work, endpoint, taps);
  },
  detach: clearExisting,
};
