import { rm, writeFile } from "node:fs/promises";
import { UsageError } from "../errors/usage.ts";

/** Runs what makes a container, whose name stands in the file then; a file that is there already is refused first. */
export async function withCidfile<T>(
  path: string | undefined,
  name: string,
  make: () => Promise<T>,
): Promise<T> {
  if (path === undefined) return await make();
  try {
    await writeFile(path, name, { flag: "wx" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--cidfile: ${path} can't be made: ${why}`,
      "Remove it, or make sure that no container of an earlier run is meant by it.",
    );
  }
  try {
    return await make();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}
