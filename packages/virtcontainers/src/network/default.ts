import { networkName } from "../config/network/names.ts";
import { isVirtError } from "../errors.ts";
import type { Context } from "../operation/context.ts";
import { parse } from "../validate.ts";
import { defaultNetwork } from "./definitions/create.ts";

/** Stands for no network where a network's name may stand. */
export const noNetwork = "none";

/** Whether this user can give a sandbox a network. */
export async function canConnect({ host }: Pick<Context, "host">): Promise<boolean> {
  try {
    await host.network.assertUsable();
    return true;
  } catch (error) {
    if (isVirtError(error, "HOST_REQUIREMENT")) return false;
    throw error;
  }
}

/**
 * The network of who names none: the instance's, or that of VIRTC_NETWORK, or else the bridge of this host; `none` for a
 * user who can't have it. INVALID_ARGUMENT where that of VIRTC_NETWORK is no name.
 */
export async function networkByDefault(
  context: Pick<Context, "host" | "defaultNetwork">,
): Promise<string> {
  const { VIRTC_NETWORK } = process.env;
  if (context.defaultNetwork !== undefined) return context.defaultNetwork;
  if (VIRTC_NETWORK) return parse(networkName, VIRTC_NETWORK, "VIRTC_NETWORK");
  return (await canConnect(context)) ? defaultNetwork : noNetwork;
}
