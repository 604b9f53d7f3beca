import type { StoredEndpoint } from "../../store/network/stored.ts";
import type { Join, NetworkWork, Plug, Socket } from "../work.ts";

/** A model whose end at the VM is there before the link is: the VM may start in between. */
export interface TwoSteps {
  /** Makes what the VM is given. */
  open(work: NetworkWork, socket: Socket): Promise<Plug>;
  /** Joins it with the link, which is there by now. What was made for the VM stays also if it fails. */
  join(work: NetworkWork, endpoint: StoredEndpoint): Promise<void>;
}

/** Both steps at once. */
export function inOne({ open, join }: TwoSteps): Join["attach"] {
  return async (work, endpoint) => {
    const plug = await open(work, endpoint);
    try {
      await join(work, endpoint);
      return plug;
    } catch (error) {
      await plug[Symbol.asyncDispose]();
      throw error;
    }
  };
}
