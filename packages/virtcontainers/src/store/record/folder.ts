import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { removeTree } from "../../host/remove-tree.ts";
import { isBelow } from "../bounds.ts";
import { type RecordKind, thingPath } from "./kind.ts";

export interface FolderRecord {
  kind: "folder";
  path: string;
}

const schema = v.strictObject({ kind: v.literal("folder"), path: thingPath });

export const folder: RecordKind<FolderRecord> = {
  schema,
  life: "sandbox",
  name: ({ path }) => path,
  outside: (bounds, { path }) => (isBelow(bounds.folder, path) ? undefined : path),
  /** Never deletes through a mount: what is mounted below is taken off first, and if that fails nothing is removed. */
  release: async (host, { path }) => {
    await takeMountsOff(host, path);
    await removeTree(path);
  },
};

/** Unmounts all that is mounted below a folder that is to be removed. HOST_FAILED if something stays. */
export async function takeMountsOff(host: Host, path: string): Promise<void> {
  for (const target of await host.mounts.listBelow(path)) await host.mounts.unmount(target);
  const left = await host.mounts.listBelow(path);
  if (left.length === 0) return;
  throw new VirtError("HOST_FAILED", `${left[0]} is still mounted, so ${path} is not removed`, {
    hint: "Unmount it, then reclaim the sandbox again.",
  });
}
