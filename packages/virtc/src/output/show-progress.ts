import type { ImageProgress } from "virtcontainers";
import type { Context } from "../context.ts";
import { ProgressBar } from "./progress.ts";

/** Shows nothing of it. */
export const noProgress = { update() {}, end() {} };

/** Shows the progress of a pull or import on stderr, if that is a terminal. */
export function showProgress(
  title: string,
  context: Context,
): { update(step: ImageProgress): void; end(): void } {
  if (!context.stderr.isTTY) return noProgress;
  const bar = new ProgressBar(title, context.stderr);
  return { update: (step) => bar.update(step), end: () => bar.end() };
}
