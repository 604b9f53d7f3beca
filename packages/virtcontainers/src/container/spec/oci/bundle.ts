import { open } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument } from "../../../errors.ts";
import { hostError, isErrno } from "../../../host/errno.ts";

/** The agent's contract carries at most 4 MiB in one message. */
const largest = 2 * 1024 * 1024;

/** What stands in the config.json of a bundle, unchecked; a null means that there is nothing. */
export async function readBundle(bundle: string, field: string): Promise<unknown> {
  const path = join(bundle, "config.json");
  const text = await readBounded(path, bundle, field);
  try {
    return JSON.parse(text, (_key, value) => (value === null ? undefined : value));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalidArgument(field, bundle, `its config.json must be JSON: ${why}`);
  }
}

async function readBounded(path: string, bundle: string, field: string): Promise<string> {
  const buffer = Buffer.alloc(largest + 1);
  let length = 0;
  try {
    await using file = await open(path);
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EISDIR"))
      throw invalidArgument(field, bundle, "it must be a folder with a file config.json");
    throw hostError(error, `reading ${path}`);
  }
  if (length > largest)
    throw invalidArgument(field, bundle, `its config.json must have at most ${largest} bytes`);
  return buffer.toString("utf8", 0, length);
}
