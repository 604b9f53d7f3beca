import { isVirtError } from "../../errors.ts";
import type { Verb } from "../../operation/run-verb.ts";
import { withPaths } from "./side.ts";

/** Gives what stands at a path another path, in one step. FILE_NOT_FOUND, ALREADY_EXISTS. */
export function renamePath(containerId: string, from: string, to: string): Verb<void> {
  return (operation) =>
    withPaths(operation, containerId, ({ agent, signal }) =>
      agent.renamePath(containerId, from, to, signal),
    );
}

/** Takes away what stands at a path. FILE_NOT_FOUND, INVALID_ARGUMENT. */
export function removePath(
  containerId: string,
  path: string,
  { recursive, force }: { recursive: boolean; force: boolean },
): Verb<void> {
  return (operation) =>
    withPaths(operation, containerId, async ({ agent, signal }) => {
      try {
        await agent.removePath(containerId, path, recursive, signal);
      } catch (error) {
        if (!force || !isVirtError(error, "FILE_NOT_FOUND")) throw error;
      }
    });
}
