import * as v from "valibot";
import { type RecordKind, thingPath } from "./kind.ts";

/** By its path in the host's trees of cgroups. */
export interface CgroupRecord {
  kind: "cgroup";
  path: string;
}

const schema = v.strictObject({ kind: v.literal("cgroup"), path: thingPath });

export const cgroup: RecordKind<CgroupRecord> = {
  schema,
  life: "vm",
  name: ({ path }) => path,
  release: (host, { path }) => host.cgroups.remove(path),
};
