import type { OpenDescriptor } from "../../host/host.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import type { NetworkWork, Plug } from "../work.ts";

/** The device of an endpoint, with a vhost for each pair of queues where the host has it. */
export async function plugOf(
  { host }: Pick<NetworkWork, "host">,
  { id, guest }: StoredEndpoint,
  taps: readonly OpenDescriptor[],
): Promise<Plug> {
  const vhost = await host.network.openVhost(taps.length);
  const fds = (open: readonly OpenDescriptor[]): number[] => open.map(({ fd }) => fd);
  return {
    device: {
      kind: "network",
      id,
      mac: guest.mac,
      mtu: guest.mtu,
      taps: fds(taps),
      vhost: fds(vhost),
    },
    [Symbol.asyncDispose]: () => closeAll([...taps, ...vhost]),
  };
}

export async function closeAll(open: readonly OpenDescriptor[]): Promise<void> {
  for (const each of open) await each.close();
}
