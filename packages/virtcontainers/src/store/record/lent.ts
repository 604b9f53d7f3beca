import * as v from "valibot";
import type { RecordKind } from "./kind.ts";
import { giveBack, type OwnerRecord, ownership } from "./owner.ts";

/** A socket or a device of somebody else's that a VMM may use as long as it runs, as an owner record. */
export interface LentRecord extends Omit<OwnerRecord, "kind"> {
  kind: "lent";
}

export const lent: RecordKind<LentRecord> = {
  schema: v.strictObject({ kind: v.literal("lent"), ...ownership }),
  life: "vm",
  name: ({ path }) => path,
  release: (_host, record) => giveBack(record),
};
