import type { CopyResult } from "virtcontainers";
import type { Context } from "../context.ts";
import { safe } from "../output/safe.ts";

/** Tells on standard error what a copy has left out. */
export function tellSkipped(
  skipped: CopyResult["skipped"],
  { stderr }: Pick<Context, "stderr">,
): void {
  for (const { path, reason } of skipped) {
    stderr.write(`virtc: not copied: ${safe(path || "it")}: ${reason}\n`);
  }
}
