import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import { isDigest } from "../digest.ts";
import type { StoreContext } from "./context.ts";
import { replaceFile, unlessMissing } from "./files.ts";

const index = v.object({
  schemaVersion: v.literal(1),
  names: v.record(v.string(), v.pipe(v.string(), v.check(isDigest))),
});

/** Which name means which image's digest. STATE_INVALID if the file is damaged. */
export async function readNames(context: StoreContext): Promise<Map<string, string>> {
  const path = context.paths.names;
  const content = await unlessMissing(readFile(path, "utf8"));
  if (content === undefined) return new Map();
  try {
    return new Map(Object.entries(v.parse(index, JSON.parse(content)).names));
  } catch (cause) {
    throw new VirtError("STATE_INVALID", `the index of image names at ${path} can't be read`, {
      cause,
      hint: "Move the file away; the images are kept, and get their names by pulling or importing again.",
    });
  }
}

/** Writes the index; the caller holds the store's lock. */
export async function writeNames(
  context: StoreContext,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const sorted = [...names].sort(([a], [b]) => (a < b ? -1 : 1));
  const content = { schemaVersion: 1, names: Object.fromEntries(sorted) };
  context.host.failpoint("image.names.before");
  await replaceFile(context.paths.names, `${JSON.stringify(content, null, 2)}\n`);
  context.host.failpoint("image.names.after");
}
