import { isLibraryError } from "../errors/library.ts";
import { UsageError } from "../errors/usage.ts";
import type { Library } from "../library.ts";

/** Deletes a sandbox; one that runs only by `force`, of which `command` tells. */
export async function deleteSandbox(
  library: Library,
  name: string,
  force: boolean,
  command: string,
): Promise<void> {
  try {
    await library.deleteSandbox(name, { force });
  } catch (error) {
    if (force || !isLibraryError(error, "INVALID_STATE")) throw error;
    throw new UsageError(error.message, `Stop it first, or remove it with \`${command} ${name}\`.`);
  }
}
