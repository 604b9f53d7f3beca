import { realpath } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { assertUnlimited } from "../interworking/rates.ts";
import type { Join } from "../work.ts";
import { lendSocket } from "./lend.ts";

/** A device that another process serves, such as a switch in user space. A link of the namespace stays as it is. */
export const vhostUser: Join = {
  attach: async (work, endpoint) => {
    assertUnlimited(work, "rxRateBits", endpoint);
    assertUnlimited(work, "txRateBits", endpoint);
    const { id, name, source, guest } = endpoint;
    if (source?.kind !== "socket")
      throw new VirtError("STATE_INVALID", `the interface ${name} has no socket`);
    const { queues, queueSize } = source;
    const socketPath = await lendSocket(work, source.path);
    return {
      device: {
        kind: "vhost-user",
        id,
        serves: "network",
        socketPath,
        mac: guest.mac,
        mtu: guest.mtu,
        queues,
        ...(queueSize !== undefined && { queueSize }),
      },
      [Symbol.asyncDispose]: async () => {},
    };
  },
  detach: async ({ ledger }, { source }) => {
    if (source?.kind !== "socket") return;
    const path = await realpath(source.path).catch(() => source.path);
    await ledger.release((record) => record.kind === "lent" && record.path === path);
  },
};
