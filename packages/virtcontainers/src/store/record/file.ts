import { rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import * as v from "valibot";
import { isBelow } from "../bounds.ts";
import { userName } from "../user.ts";
import { type RecordKind, thingPath } from "./kind.ts";

export interface FileRecord {
  kind: "file";
  path: string;
}

const schema = v.strictObject({ kind: v.literal("file"), path: thingPath });

export const file: RecordKind<FileRecord> = {
  schema,
  life: "sandbox",
  name: ({ path }) => path,
  outside: ({ folder, stateDir, id }, { path }) => {
    // A use of an image, volume or disk is a file of the sandbox's name, wherever those are kept.
    const user = userName(id, stateDir);
    if (isBelow(folder, path) || path.endsWith(`/users/${user}`)) return undefined;
    const folderName = basename(dirname(path));
    const ofDisk = folderName === "disks" && path.endsWith(`.${user}`);
    const ofLayer = folderName === "layers" && basename(path).startsWith(`${user}.`);
    return ofDisk || ofLayer ? undefined : path;
  },
  release: (_host, { path }) => rm(path, { force: true }),
};
