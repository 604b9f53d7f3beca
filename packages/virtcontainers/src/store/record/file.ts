import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isBelow } from "../bounds.ts";
import { type RecordKind, thingPath } from "./kind.ts";

const schema = v.strictObject({ kind: v.literal("file"), path: thingPath });

export const file: RecordKind<v.InferOutput<typeof schema>> = {
  schema,
  life: "sandbox",
  name: ({ path }) => path,
  outside: ({ folder, stateDir, id }, { path }) => {
    // A use of an image or volume is a file of the sandbox's name, wherever those are kept.
    if (isBelow(folder, path) || path.endsWith(`/users/${id}`)) return undefined;
    return isBelow(join(stateDir, "disks"), path) && path.endsWith(`.${id}`) ? undefined : path;
  },
  release: (_host, { path }) => rm(path, { force: true }),
};
