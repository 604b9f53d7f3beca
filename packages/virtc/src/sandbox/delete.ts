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
  const hint = `Stop it first, or remove it with \`${command} ${name}\`.`;
  // The library deletes what is halted; for a person it is at work that only stands still.
  if (!force && (await library.statusSandbox(name)).state === "paused") {
    throw new UsageError(`sandbox ${name} is paused`, hint);
  }
  try {
    await library.deleteSandbox(name, { force });
  } catch (error) {
    if (force || !isLibraryError(error, "INVALID_STATE")) throw error;
    throw new UsageError(error.message, hint);
  }
}
