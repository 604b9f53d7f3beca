import type { ImageProgress } from "virtcontainers";
import type { Context } from "../context.ts";
import { ProgressBar } from "./progress.ts";

/** Shows the progress of a pull, import or push on stderr, if that is a terminal. */
export function showProgress(
  title: string,
  context: Pick<Context, "stderr">,
  quiet = false,
): { update(step: ImageProgress): void; end(): void } {
  if (quiet || !context.stderr.isTTY) return { update() {}, end() {} };
  const bar = new ProgressBar(title, context.stderr);
  return { update: (step) => bar.update(step), end: () => bar.end() };
}
