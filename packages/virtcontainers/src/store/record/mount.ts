import * as v from "valibot";
import { isBelow } from "../bounds.ts";
import { type RecordKind, thingPath } from "./kind.ts";

export interface MountRecord {
  kind: "mount";
  target: string;
}

const schema = v.strictObject({ kind: v.literal("mount"), target: thingPath });

export const mount: RecordKind<MountRecord> = {
  schema,
  life: "vm",
  name: ({ target }) => target,
  outside: (bounds, { target }) => (isBelow(bounds.folder, target) ? undefined : target),
  release: (host, { target }) => host.mounts.unmount(target),
};
