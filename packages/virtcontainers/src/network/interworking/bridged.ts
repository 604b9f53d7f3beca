import type { StoredEndpoint } from "../../store/network/stored.ts";
import { batch } from "../batch.ts";
import type { Join } from "../work.ts";
import { closeAll, plugOf } from "./queues.ts";
import { clearExisting, limitLines, limitOwn, onExisting } from "./rates.ts";
import { offLink, onLink, randomMac } from "./restore.ts";
import { tapName } from "./tap-name.ts";

/** A bridge between the link, which lends its Ethernet address to the guest, and a tap. */
export const bridged: Join = {
  attach: async (work, endpoint) => {
    const { host, network, queues, rates } = work;
    const { name, guest } = endpoint;
    const [bridge, tap] = [bridgeName(endpoint), tapName(endpoint)];
    return await onLink(work, endpoint, made(endpoint), async () => {
      const taps = await host.network.openTap(network.netns.path, { name: tap, queues });
      try {
        await batch(work, "ip", [
          `link add name ${bridge} type bridge mcast_snooping 0`,
          `link set dev ${bridge} addrgenmode none`,
          `link set dev ${tap} addrgenmode none`,
          `link set dev ${tap} mtu ${guest.mtu} master ${bridge}`,
          `link set dev ${tap} up`,
          `link set dev ${name} address ${randomMac()}`,
          `link set dev ${name} master ${bridge}`,
          `link set dev ${name} up`,
          `link set dev ${bridge} mtu ${guest.mtu} up`,
        ]);
        host.failpoint("network.bridge");
        await limitOwn(work, tap, rates.rxRateBits);
        await onExisting(work, endpoint, limitLines(name, rates.txRateBits));
        return await plugOf(work, endpoint, taps);
      } catch (error) {
        await closeAll(taps);
        throw error;
      }
    });
  },
  detach: async (work, endpoint) => {
    await offLink(work, endpoint, made(endpoint));
    await clearExisting(work, endpoint);
  },
};

const bridgeName = ({ index }: StoredEndpoint): string => `br${index}_kata`;

function made(endpoint: StoredEndpoint): { name: string; restore: string[] } {
  const restore = [`link set dev ${endpoint.name} address ${endpoint.guest.mac}`];
  return { name: bridgeName(endpoint), restore };
}
