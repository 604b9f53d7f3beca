import * as v from "valibot";
import { giveOwner } from "../../host/owner.ts";
import { isVmUid } from "../vm-uid.ts";
import { type RecordKind, thingPath } from "./kind.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A file, known by its inode, that was given to `user` and is given back to whom it belonged. */
export interface OwnerRecord {
  kind: "owner";
  path: string;
  dev: number;
  ino: number;
  uid: number;
  gid: number;
  user: number;
}

/** Which file it is, and whose it was. */
export const ownership = {
  path: thingPath,
  dev: id,
  ino: id,
  uid: id,
  gid: id,
  /** Only what belongs to a VMM's user is given back to others. */
  user: v.pipe(id, v.check(isVmUid)),
};

const schema = v.strictObject({ kind: v.literal("owner"), ...ownership });

export const owner: RecordKind<OwnerRecord> = {
  schema,
  life: "sandbox",
  name: ({ path }) => path,
  release: (_host, record) => giveBack(record),
};

export async function giveBack(record: Omit<OwnerRecord, "kind">): Promise<void> {
  const { path, dev, ino, uid, gid, user } = record;
  await giveOwner({ path, dev, ino, uid: user }, { uid, gid });
}
