import { rootFolderOf } from "../config/rootfs.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import type { Context } from "../operation/context.ts";
import { whyUserCannotShare } from "./user-share.ts";

/** True if the sandbox is to share a file system with the host: where it was asked for, or where a container needs it. */
export async function needsShare(context: Context, config: SandboxConfig): Promise<boolean> {
  const chosen = config.hypervisorConfig?.sharedFS;
  if (chosen !== undefined) return chosen !== "none";
  const containers = config.containers ?? [];
  if (containers.some(({ rootFs }) => rootFolderOf(rootFs) !== undefined)) return true;
  if (!(await mountsFolders(context, config))) return false;
  // Where it can't be, the guests of ordinary users get copies.
  return (await whyUserCannotShare(context, config)) === undefined;
}

async function mountsFolders(
  context: Context,
  { volumes = [], containers = [] }: SandboxConfig,
): Promise<boolean> {
  if (volumes.length > 0) return true;
  for (const mount of containers.flatMap((container) => container.mounts ?? [])) {
    if (mount.type === "bind") return true;
    if (mount.type !== "volume") continue;
    if ((await context.volumes.inspect(mount.source)).driver === "folder") return true;
  }
  return false;
}
