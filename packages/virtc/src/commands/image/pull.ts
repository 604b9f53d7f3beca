import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { showProgress } from "../../output/show-progress.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";
import { pathOf } from "../path-of.ts";

interface PullOptions {
  platform?: string;
  quiet?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "pull");
  group
    .command("pull")
    .summary("fetch images from a registry")
    .description("Fetches images from a registry and prints their digests.")
    .argument(
      "<image...>",
      "references, such as alpine:3 or registry.example.com/team/app@sha256:...",
    )
    .option("--platform <platform>", "such as linux/amd64 (default: this host's)")
    .option("-q, --quiet", "show no progress")
    .option("--json", "print the image as JSON")
    .action((names: string[], options: PullOptions) =>
      forEachName(names, context, (name) => pull(name, options, context)),
    )
    .addHelpText("after", examples(`${command} alpine:3`, `${command} 127.0.0.1:5000/app`));
}

async function pull(name: string, options: PullOptions, context: Context): Promise<void> {
  const { images } = await context.library();
  const progress = showProgress(name, context, options.quiet);
  const { platform } = options;
  const image = await abortable(context.signals, (signal) =>
    images
      .pull(name, {
        signal,
        onProgress: progress.update,
        ...(platform === undefined ? {} : { platform }),
      })
      .finally(progress.end),
  );
  context.stdout.write(options.json ? json(image) : `${image.digest}\n`);
}
