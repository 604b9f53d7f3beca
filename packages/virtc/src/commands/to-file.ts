import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { UsageError } from "../errors/usage.ts";

/** Writes a file beside its place, which gets its name when it is whole. */
export async function toFile(
  path: string,
  fill: (write: (data: Uint8Array) => Promise<void>) => Promise<unknown>,
): Promise<void> {
  const unfinished = `${path}.${randomBytes(6).toString("hex")}.part`;
  const file = await open(unfinished, "wx", 0o600).catch((error: unknown) => {
    throw new UsageError(
      `can't write ${path}: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  try {
    await fill(async (data) => {
      await file.writeFile(data);
    });
    await file.close();
    await rename(unfinished, path);
  } catch (error) {
    await file.close();
    await rm(unfinished, { force: true });
    throw error;
  }
}
