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

const schema = v.strictObject({
  kind: v.literal("owner"),
  path: thingPath,
  dev: id,
  ino: id,
  uid: id,
  gid: id,
  /** Only what belongs to a VMM's user is given back to others. */
  user: v.pipe(id, v.check(isVmUid)),
});

export const owner: RecordKind<OwnerRecord> = {
  schema,
  life: "sandbox",
  name: ({ path }) => path,
  release: async (_host, { path, dev, ino, uid, gid, user }) => {
    await giveOwner({ path, dev, ino, uid: user }, { uid, gid });
  },
};
