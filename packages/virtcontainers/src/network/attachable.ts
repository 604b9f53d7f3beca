import { networksFolder } from "../store/network/places.ts";
import { type AttachContext, type ObtainDefault, planNetworks } from "./choose.ts";
import { assertFree } from "./cni/claims.ts";
import type { Attachable } from "./cni/plan.ts";
import { defaultNetwork } from "./definitions/create.ts";
import type { Definition } from "./definitions/record.ts";
import { assertInstalled } from "./installed.ts";

const unmade: Definition = {
  version: 1,
  driver: "bridge",
  name: defaultNetwork,
  subnets: [],
  internal: false,
  hostAccess: false,
  labels: {},
  createdAt: "",
};

/** What is known of the default network before it is made. */
export const unmadeDefault: ObtainDefault = async () => unmade;

/**
 * Refuses what a sandbox can't be attached to while nothing of it is there; attaching refuses it once more, if somebody
 * else was faster. NETWORK_NOT_FOUND, NOT_SUPPORTED, HOST_REQUIREMENT, BUSY where a port or an address is taken.
 */
export async function assertAttachable(context: AttachContext, sandbox: Attachable): Promise<void> {
  const { host, dataDir } = context;
  for (const plan of await planNetworks(context, sandbox, "", unmadeDefault)) {
    const { path, use } = plan;
    await assertInstalled(host, plan);
    await assertFree(host, networksFolder(dataDir), {
      path,
      cniName: use.cniName,
      claims: use.claims,
    });
  }
}
