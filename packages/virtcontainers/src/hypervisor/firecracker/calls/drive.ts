import type { ApiCall } from "./call.ts";
import { apiId } from "./id.ts";

/** What of the configuration holds for every drive. */
export interface DriveDefaults {
  /** `blockDeviceCacheNoflush` holds; else Firecracker's default does. */
  readonly blockDeviceCacheSet: boolean;
  /** What the guest flushes is not flushed on the host. */
  readonly blockDeviceCacheNoflush: boolean;
}

export interface Drive {
  readonly id: string;
  /** As Firecracker sees it. */
  readonly path: string;
  readonly readonly: boolean;
  /** Firecracker makes it the first and adds it to the kernel's command line. */
  readonly root?: boolean;
}

/** A drive before the boot. */
export function driveCall(
  { id, path, readonly, root = false }: Drive,
  { blockDeviceCacheSet, blockDeviceCacheNoflush }: DriveDefaults,
): ApiCall {
  const drive_id = apiId(id);
  return {
    method: "PUT",
    path: `/drives/${drive_id}`,
    body: {
      drive_id,
      path_on_host: path,
      is_root_device: root,
      is_read_only: readonly,
      ...(blockDeviceCacheSet && {
        cache_type: blockDeviceCacheNoflush ? "Unsafe" : "Writeback",
      }),
    },
  };
}

/** The file behind a drive of a guest that runs, which must not have it mounted. */
export function exchangeDriveCall({ id, path }: Pick<Drive, "id" | "path">): ApiCall {
  const drive_id = apiId(id);
  return { method: "PATCH", path: `/drives/${drive_id}`, body: { drive_id, path_on_host: path } };
}
