import { constants } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import { hostError } from "../../errno.ts";
import type { Command, Locks, Processes, RunResult } from "../../host.ts";
import type { Libc } from "../../libc.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import { identityOf } from "../identity.ts";
import type { Rooms } from "../rooms.ts";
import { entering, isOfProcess, seenFrom } from "./enter.ts";
import { assertAllowed } from "./forbidden.ts";
import { House } from "./house.ts";
import { openTapBy } from "./taps.ts";

const timeoutMs = 20_000;
const { O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

/** An ordinary user's: each thing is done by a program that enters his house, or a namespace that he owns. */
export function houseRooms(libc: () => Libc, processes: Processes, locks: Locks): Rooms {
  const house = new House(processes, locks);
  const command: Rooms["command"] = async (namespace, wanted): Promise<Command> => {
    const foreign = namespace !== undefined && isOfProcess(namespace);
    return await entering(processes, foreign ? undefined : await house.obtain(), namespace, wanted);
  };
  const within = async (
    holder: ProcessIdentity,
    name: string,
    args: readonly string[],
  ): Promise<RunResult> => {
    const path = (await processes.which(name)) ?? name;
    const entered = await entering(processes, holder, undefined, { path, args });
    return await processes.run(entered.path, entered.args, { timeoutMs });
  };
  return {
    apart: true,
    assertUsable: async () => {
      if (house.find() === undefined) await assertAllowed(processes);
    },
    command,
    mend: () => house.mend(),
    leave: () => house.leave(),
    seen: async (path) => seenFrom(house.find(), path),
    make: (path) =>
      house.connected(async (holder) => {
        try {
          await (await open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)).close();
        } catch (error) {
          throw hostError(error, `making the network namespace ${path}`);
        }
        const { code, stderr } = await within(holder, "unshare", [`--net=${path}`, "true"]);
        if (code !== 0)
          throw new VirtError(
            "HOST_FAILED",
            `making the network namespace ${path} failed: ${stderr.trim()}`,
          );
        return identityOf(await stat(seenFrom(holder, path), { bigint: true }));
      }),
    remove: async (path) => {
      const holder = house.find();
      // Without the file it is bound nowhere any more.
      if (holder !== undefined) await within(holder, "umount", ["--no-mtab", "--lazy", path]);
      await rm(path, { force: true });
      await house.leave();
    },
    openTap: (namespace, tap) => openTapBy(libc(), (wanted) => command(namespace, wanted), tap),
    openMacvtap: async () => {
      throw new VirtError("NOT_SUPPORTED", "a macvtap needs root, since its device does", {
        hint: "Give the namespace a veth instead, or run as root.",
      });
    },
  };
}
