import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { VirtError } from "../errors.ts";
import type { UserIds } from "../host/user-ids.ts";
import { describeUser, userName } from "../store/user.ts";
import { locked, paths, type VolumeContext, volumeNotFound } from "./context.ts";
import { readVolume } from "./record.ts";

/** Notes that a sandbox uses a volume. A disk is one sandbox's at a time, and its VMM's user gets the file. */
export async function holdVolume(
  context: VolumeContext,
  name: string,
  sandbox: { id: string; user: UserIds | undefined },
  signal: AbortSignal,
): Promise<void> {
  await locked(context, signal, async () => {
    const volume = await readVolume(context, name);
    if (volume === undefined) throw volumeNotFound(name);
    const { image, users } = paths(context, name);
    if (volume.driver === "ext4") {
      const other = volume.usedBy.find((id) => id !== sandbox.id);
      if (other !== undefined) throw taken(name, other);
      if (sandbox.user !== undefined) await chown(image, sandbox.user.uid, sandbox.user.gid);
    }
    const path = join(users, userName(sandbox.id, context.stateDir));
    await writeFile(path, await describeUser(context.host, context.stateDir), { mode: 0o600 });
  });
}

function taken(name: string, sandboxId: string): VirtError {
  return new VirtError("BUSY", `the volume ${name} is a disk that the sandbox ${sandboxId} uses`, {
    hint: "Delete that sandbox first; a volume of the driver folder can be used by several at once.",
  });
}
