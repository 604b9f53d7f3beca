import type { OpenDescriptor } from "../../host/host.ts";
import type { StoredEndpoint } from "../../store/network/stored.ts";
import type { NetworkWork, Plug, Socket } from "../work.ts";
import { tapName } from "./tap-name.ts";

/** A tap of our own in the namespace, which is down, as the device of an endpoint. */
export async function openPlug(work: NetworkWork, socket: Socket): Promise<Plug> {
  const { host, network, queues } = work;
  const taps = await host.network.openTap(network.netns.path, { name: tapName(socket), queues });
  try {
    host.failpoint("network.tap");
    return await plugOf(work, socket, taps);
  } catch (error) {
    await closeAll(taps);
    throw error;
  }
}

/** The device of an endpoint, with a vhost for each pair of queues where the host has it. */
export async function plugOf(
  { host }: Pick<NetworkWork, "host">,
  { id, guest, source }: Omit<Socket, "index"> & Pick<StoredEndpoint, "source">,
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
      ...(source?.kind === "tap" &&
        source.queueSize !== undefined && { queueSize: source.queueSize }),
      taps: fds(taps),
      vhost: fds(vhost),
    },
    [Symbol.asyncDispose]: () => closeAll([...taps, ...vhost]),
  };
}

export async function closeAll(open: readonly OpenDescriptor[]): Promise<void> {
  for (const each of open) await each.close();
}
