import { realpath, stat } from "node:fs/promises";
import { isReadOnly, type Mount } from "../config/mount.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import { invalidArgument, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Context } from "../operation/context.ts";
import type { StoredMount } from "../store/schema.ts";
import { volumeDriveId } from "../volume/drive.ts";

/** What the mounts of a container are looked up for. */
export interface MountPlan {
  sandbox: Pick<SandboxConfig, "volumes">;
  /** A file system is shared with the guest. */
  shared: boolean;
  field: string;
}

/**
 * How each mount of a container reaches the guest, in the same order; takes nothing. INVALID_ARGUMENT,
 * VOLUME_NOT_FOUND, and NOT_SUPPORTED for what needs a shared file system where there is none.
 */
export async function planMounts(
  context: Context,
  mounts: readonly Mount[],
  plan: MountPlan,
): Promise<StoredMount[]> {
  const planned: StoredMount[] = [];
  for (const [index, mount] of mounts.entries()) {
    const field = `${plan.field}.mounts.${index}`;
    planned.push(await planMount(context, mount, `m${index}`, { ...plan, field }));
  }
  return planned;
}

async function planMount(
  context: Context,
  mount: Mount,
  name: string,
  plan: MountPlan,
): Promise<StoredMount> {
  if (mount.type === "bind") {
    const watchable = mount.watchable ?? false;
    const recursive = mount.options?.includes("rbind") ?? false;
    const readonly = watchable || isReadOnly(mount);
    const bind = { name, path: mount.source, readonly, recursive, watchable };
    return await planBind(bind, `${plan.field}.source`, plan);
  }
  if (mount.type !== "volume") return { kind: "guest" };
  const tagged = plan.sandbox.volumes?.find(({ mountTag }) => mountTag === mount.source);
  if (tagged !== undefined) {
    const readonly = (tagged.readOnly ?? false) || isReadOnly(mount);
    const bind = { name, path: tagged.hostPath, readonly, recursive: false, watchable: false };
    return await planBind(bind, "volumes", plan);
  }
  const volume = await context.volumes.inspect(mount.source);
  if (volume.driver === "ext4") {
    return { kind: "drive", volume: volume.name, driveId: volumeDriveId(volume.name) };
  }
  if (!plan.shared) throw notShared(`${plan.field}.source`, `the volume ${volume.name}, a folder,`);
  const { path } = volume;
  const readonly = isReadOnly(mount);
  const shared = { name, path, readonly, recursive: false, watchable: false, folder: true };
  return { kind: "share", volume: volume.name, ...shared };
}

/** Without a shared file system the guest gets a copy, to which writing would be in vain. */
async function planBind(
  bind: { name: string; path: string; readonly: boolean; recursive: boolean; watchable: boolean },
  field: string,
  plan: MountPlan,
): Promise<StoredMount> {
  const found = await resolveSource(bind.path, field);
  if (plan.shared) return { kind: "share", ...bind, ...found };
  if (bind.watchable && !found.folder) {
    throw new VirtError(
      "NOT_SUPPORTED",
      `${field}: ${bind.path} is a file, and without a shared file system only a folder can be watchable`,
      { field, hint: "Mount the folder that it is in." },
    );
  }
  const { name, watchable } = bind;
  if (bind.readonly) return { kind: "copy", name, watchable, ...found };
  throw new VirtError(
    "NOT_SUPPORTED",
    `${field}: ${bind.path} can't be written to from the guest, since no file system is shared with it`,
    {
      field,
      hint: "Set readOnly, and the guest gets a copy; to write, run as root, or with the virtiofsd in Rust (Debian 13: virtiofsd).",
    },
  );
}

/** Where the path leads now. From here on no symbolic link is followed any more. */
async function resolveSource(
  path: string,
  field: string,
): Promise<{ path: string; folder: boolean }> {
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (found.isDirectory() || found.isFile()) return { path: real, folder: found.isDirectory() };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument(field, path, "there is no such file or folder");
    throw hostError(error, `looking at ${path}`);
  }
  throw invalidArgument(field, path, "it must be a folder or a regular file");
}

function notShared(field: string, what: string): VirtError {
  return new VirtError(
    "NOT_SUPPORTED",
    `${field}: ${what} needs a file system that is shared with the guest, and there is none`,
    {
      field,
      hint: "Run as root, or with the virtiofsd in Rust (Debian 13: virtiofsd); a volume of the driver ext4 needs neither.",
    },
  );
}
