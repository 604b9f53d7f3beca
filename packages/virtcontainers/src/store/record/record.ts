import * as v from "valibot";
import type { Host } from "../../host/host.ts";
import type { Bounds } from "../bounds.ts";
import type { CgroupRecord } from "./cgroup.ts";
import type { CniRecord } from "./cni.ts";
import type { FileRecord } from "./file.ts";
import type { FolderRecord } from "./folder.ts";
import type { RecordKind } from "./kind.ts";
import * as kinds from "./kinds.ts";
import type { LentRecord } from "./lent.ts";
import type { LinkRecord } from "./link.ts";
import type { MountRecord } from "./mount.ts";
import type { NetnsRecord } from "./netns.ts";
import type { OwnerRecord } from "./owner.ts";
import type { PciRecord } from "./pci.ts";
import type { ProcessRecord } from "./process.ts";
import type { QdiscRecord } from "./qdisc.ts";
import type { RouterRecord } from "./router.ts";

/**
 * What a sandbox holds of the host. A record is on disk before the thing is taken, knows how to release
 * it, and releasing twice or releasing what was never taken is no error.
 */
export type LedgerRecord =
  | CgroupRecord
  | CniRecord
  | FileRecord
  | FolderRecord
  | LentRecord
  | LinkRecord
  | MountRecord
  | NetnsRecord
  | OwnerRecord
  | PciRecord
  | ProcessRecord
  | QdiscRecord
  | RouterRecord;

type KindName = keyof typeof kinds;
type RecordOf<K extends KindName> = Extract<LedgerRecord, { kind: K }>;

const table: { [P in KindName]: RecordKind<RecordOf<P>> } = kinds;

export const Record = v.union(Object.values(kinds).map(({ schema }) => schema));

/** Gives one thing back to the host; what is gone already, or was never taken, is no error. */
export async function release<K extends KindName>(host: Host, record: RecordOf<K>): Promise<void> {
  host.failpoint(`release.${record.kind}`);
  await table[record.kind].release(host, record);
}

/** What of a record is not a sandbox's to release, if there is such. */
export function placeOutside<K extends KindName>(
  bounds: Bounds,
  record: RecordOf<K>,
): string | undefined {
  return table[record.kind].outside?.(bounds, record);
}

/** What a record is needed for, and what a user is told of it. */
export function about<K extends KindName>(
  record: RecordOf<K>,
): { life: "vm" | "sandbox"; name: string } {
  const { life, name } = table[record.kind];
  return { life, name: name(record) };
}

/** True if the record shows that something of its sandbox runs. */
export async function runs<K extends KindName>(host: Host, record: RecordOf<K>): Promise<boolean> {
  return (await table[record.kind].runs?.(host, record)) ?? false;
}
