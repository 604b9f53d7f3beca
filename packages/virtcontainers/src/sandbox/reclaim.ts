import type { CallOptions } from "../deadline.ts";
import type { Context } from "../operation/context.ts";
import { collectSandboxes } from "./garbage.ts";

/**
 * Releases what killed processes left: sandboxes that were never whole, and those of an earlier boot of the
 * host. Living ones, and stopped ones that a user may still want to look at, stay. Gives the ids.
 */
export async function reclaim(
  context: Context,
  only: string | undefined,
  options: CallOptions,
): Promise<string[]> {
  const found = await collectSandboxes(context, only, options);
  return found.filter(({ kind }) => kind === "sandbox").map(({ name }) => name);
}
