import type { ApiCall } from "./call.ts";
import { apiId } from "./id.ts";
import { bandwidthLimit } from "./rate-limiter.ts";

export interface NetworkInterface {
  readonly id: string;
  /** The name of a tap with one queue, in Firecracker's network namespace. */
  readonly tap: string;
  readonly mac: string;
  /** What the guest gets and sends at most in a second. */
  readonly rxRateBits?: number | undefined;
  readonly txRateBits?: number | undefined;
}

/** A network interface before the boot. */
export function networkInterfaceCall(network: NetworkInterface): ApiCall {
  const iface_id = apiId(network.id);
  const rx = bandwidthLimit("rxRateBits", network.rxRateBits);
  const tx = bandwidthLimit("txRateBits", network.txRateBits);
  return {
    method: "PUT",
    path: `/network-interfaces/${iface_id}`,
    body: {
      iface_id,
      host_dev_name: network.tap,
      guest_mac: network.mac,
      ...(rx && { rx_rate_limiter: rx }),
      ...(tx && { tx_rate_limiter: tx }),
    },
  };
}
