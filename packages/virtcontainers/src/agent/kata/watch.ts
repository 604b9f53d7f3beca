import { ChangeKind } from "@virtcontainers/agent-protocol";
import type { GuestChange } from "../files.ts";
import type { KataCalls } from "./calls.ts";

/** PATH_MAX of Linux, twice: what is watched may lie in folders of folders. */
const maxPath = 8192;
const maxChanges = 512;

const kinds = new Map<ChangeKind, GuestChange["kind"]>([
  [ChangeKind.CHANGE_CREATED, "created"],
  [ChangeKind.CHANGE_MODIFIED, "modified"],
  [ChangeKind.CHANGE_ATTRIBUTES, "attributes"],
  [ChangeKind.CHANGE_REMOVED, "removed"],
  [ChangeKind.CHANGE_RENAMED, "renamed"],
  [ChangeKind.CHANGE_OVERFLOW, "overflow"],
]);

export async function openWatch(
  calls: KataCalls,
  containerId: string,
  watchId: string,
  { path, recursive }: { path: string; recursive: boolean },
  signal: AbortSignal,
): Promise<void> {
  await calls.call("OpenWatch", { containerId }, signal, (options) =>
    calls.extension.openWatch({ containerId, watchId, path, recursive }, options),
  );
}

export async function readWatch(
  calls: KataCalls,
  containerId: string,
  watchId: string,
  signal: AbortSignal,
): Promise<{ changes: GuestChange[]; ended: boolean }> {
  const { changes, ended } = await calls.call("ReadWatch", { containerId }, signal, (options) =>
    calls.extension.readWatch({ containerId, watchId }, options),
  );
  if (changes.length > maxChanges)
    throw calls.violation("ReadWatch", `${changes.length} changes at once`);
  const told = changes.map(({ kind, path, from, folder }) => {
    const known = kinds.get(kind);
    if (known === undefined || path.length > maxPath || from.length > maxPath)
      throw calls.violation("ReadWatch", "a change that can't be");
    return { kind: known, path: Buffer.from(path), from: Buffer.from(from), isFolder: folder };
  });
  return { changes: told, ended };
}

export async function closeWatch(
  calls: KataCalls,
  containerId: string,
  watchId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("CloseWatch", { containerId }, signal, (options) =>
    calls.extension.closeWatch({ containerId, watchId }, options),
  );
}
