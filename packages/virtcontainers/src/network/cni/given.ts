import { VirtError } from "../../errors.ts";
import type { Attachment } from "../../store/network/attachment.ts";
import type { Claims } from "./claims.ts";

/** Makes sure that the plugins have given what was asked for. NETWORK_FAILED. */
export function assertGiven(attachment: Attachment, { mac, addresses }: Claims): void {
  const got = attachment.addresses.map((address) => address.split("/")[0]);
  const missing = addresses.find((address) => !got.includes(address));
  if (missing !== undefined) throw ignored(attachment.network, missing);
  if (mac !== undefined && attachment.mac !== mac) throw ignored(attachment.network, mac);
}

function ignored(network: string, what: string): VirtError {
  return new VirtError(
    "NETWORK_FAILED",
    `the plugins of the network ${network} did not give ${what}`,
    {
      hint: "A plugin declares a capability that it does not have; look at its configuration.",
    },
  );
}
