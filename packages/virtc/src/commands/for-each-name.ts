import type { Context } from "../context.ts";
import { Interrupted } from "../errors/interrupted.ts";
import { exitCodeOf, report } from "../errors/report.ts";

/** Does something for every name; a failure is told, and the others go on. */
export async function forEachName(
  names: readonly string[],
  context: Context,
  act: (name: string) => Promise<void>,
): Promise<void> {
  for (const name of new Set(names)) {
    try {
      await act(name);
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      report(error, context);
      context.exitCode = exitCodeOf(error);
    }
  }
}
