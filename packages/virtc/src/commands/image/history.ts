import type { Command } from "commander";
import type { ImageHistory } from "virtcontainers";
import type { Context } from "../../context.ts";
import { bytes, since } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";

interface HistoryOptions {
  trunc?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** As much of a command is shown. */
const shortLength = 45;

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "history");
  group
    .command("history")
    .summary("show the steps by which an image was made")
    .description(
      "Shows the steps by which an image was made, the last one first, as its builder told them.",
    )
    .argument("<image>", "name or digest")
    .option("--no-trunc", "show commands whole")
    .option("-q, --quiet", "only the digest of the image, and <missing> for each step below it")
    .option("--json", "print JSON")
    .action(async (name: string, options: HistoryOptions) => {
      const { images } = await context.library();
      const { digest } = await images.get(name);
      const steps = await images.history(name);
      if (options.json) context.stdout.write(json(steps));
      else context.stdout.write(show(digest, steps, options));
    })
    .addHelpText("after", examples(`${command} busybox`, `${command} --no-trunc busybox`));
}

function show(digest: string, steps: readonly ImageHistory[], options: HistoryOptions): string {
  const short = options.trunc !== false;
  const id = short ? digest.replace(/^sha256:/, "").slice(0, 12) : digest;
  const idOf = (index: number): string => (index === 0 ? id : "<missing>");
  if (options.quiet) return steps.map((_, index) => `${idOf(index)}\n`).join("");
  return table(
    ["IMAGE", "CREATED", "CREATED BY", "SIZE", "COMMENT"],
    steps.map((step, index) => {
      const { createdBy = "" } = step;
      const cut = short && createdBy.length > shortLength;
      return [
        idOf(index),
        step.createdAt === undefined ? "" : `${since(step.createdAt)} ago`,
        cut ? `${createdBy.slice(0, shortLength - 1)}…` : createdBy,
        bytes(step.sizeBytes ?? 0),
        step.comment ?? "",
      ];
    }),
  );
}
