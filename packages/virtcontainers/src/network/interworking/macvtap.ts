import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import { batch } from "../batch.ts";
import type { Join, NetworkWork } from "../work.ts";
import { plugOf } from "./queues.ts";
import { assertUnlimited, limitOwn } from "./rates.ts";
import { addressLines, offLink, onLink, randomMac } from "./restore.ts";
import { tapName } from "./tap-name.ts";

/**
 * A macvtap on the link gets its Ethernet address; the link keeps none of its own, so that nobody but the guest answers
 * for its addresses.
 */
export const macvtap: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates } = work;
    const { name, guest } = endpoint;
    const tap = tapName(endpoint);
    assertUnlimited(work, "rxRateBits", endpoint);
    return await onLink(work, endpoint, made(endpoint), async () => {
      await batch(work, "ip", [
        `link add link ${name} name ${tap} type macvtap mode bridge`,
        `link set dev ${tap} addrgenmode none`,
        `link set dev ${tap} mtu ${guest.mtu}`,
        `link set dev ${name} address ${randomMac()}`,
        `link set dev ${tap} address ${guest.mac}`,
        ...guest.addresses.map(
          ({ address, prefix }) => `addr del ${address}/${prefix} dev ${name}`,
        ),
        `link set dev ${name} up`,
        `link set dev ${tap} up`,
      ]);
      host.failpoint("network.macvtap");
      await limitOwn(work, tap, rates.txRateBits);
      const ifindex = await indexOf(work, tap);
      const taps = await host.network.openMacvtap(network.netns.path, { ifindex, queues });
      return await plugOf(work, endpoint, taps);
    });
  },
  detach: (work, endpoint) => offLink(work, endpoint, made(endpoint)),
};

function made(endpoint: StoredEndpoint): { name: string; restore: string[] } {
  const { name, guest } = endpoint;
  const restore = [`link set dev ${name} address ${guest.mac}`, ...addressLines(name, guest)];
  return { name: tapName(endpoint), restore };
}

const Links = v.array(v.object({ ifindex: v.number() }));

async function indexOf({ host, network, signal }: NetworkWork, name: string): Promise<number> {
  const args = ["-j", "link", "show", "dev", name];
  const { stdout } = await host.network.run(network.netns.path, "ip", args, { signal });
  const [found] = v.parse(Links, JSON.parse(stdout || "[]"));
  if (found !== undefined) return found.ifindex;
  throw new VirtError("HOST_FAILED", `the macvtap ${name} is gone as soon as it was made`);
}
