import * as v from "valibot";
import { isBelow } from "../bounds.ts";
import { type RecordKind, thingPath } from "./kind.ts";

/** A network namespace that was made for the sandbox, by the file that it is bound on. */
export interface NetnsRecord {
  kind: "netns";
  path: string;
}

const schema = v.strictObject({ kind: v.literal("netns"), path: thingPath });

export const netns: RecordKind<NetnsRecord> = {
  schema,
  life: "vm",
  name: ({ path }) => path,
  outside: (bounds, { path }) => (isBelow(bounds.folder, path) ? undefined : path),
  release: (host, { path }) => host.network.removeNamespace(path),
};
