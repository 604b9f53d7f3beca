import { resolve } from "node:path";
import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { json } from "../../output/json.ts";
import { safeLine } from "../../output/safe.ts";
import { showProgress } from "../../output/show-progress.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";

interface LoadOptions {
  input?: string;
  quiet?: boolean;
  platform?: string;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "load");
  group
    .command("load")
    .summary("take all images of an archive")
    .description(
      "Takes all images of an archive: what `virtc save`, `docker save` and `podman save` write, or an OCI\n" +
        "layout, packed with gzip, zstd or not at all. From standard input unless --input names a file.",
    )
    .option("-i, --input <path>", "read a file (or the folder of an OCI layout)")
    .option("-q, --quiet", "show no progress")
    .option(
      "--platform <platform>",
      "which one to take, such as linux/amd64 (default: this host's)",
    )
    .option("--json", "print the images as JSON")
    .action((options: LoadOptions) => load(options, context))
    .addHelpText("after", examples(`${command} -i app.tar`, `docker save app:1 | ${command}`));
}

async function load(options: LoadOptions, context: Context): Promise<void> {
  const { input, platform } = options;
  if (input === undefined && context.stdin.isTTY) {
    throw new UsageError(
      "the archive would come from standard input, which is a terminal",
      "Name a file with --input FILE, or send one: docker save app:1 | virtc load.",
    );
  }
  const { images } = await context.library();
  const progress = showProgress(input ?? "-", context, options.quiet);
  const from = input === undefined ? context.stdin : resolve(context.cwd, input);
  const loaded = await abortable(context.signals, (signal) =>
    images
      .load(from, {
        signal,
        onProgress: progress.update,
        ...(platform === undefined ? {} : { platform }),
      })
      .finally(progress.end),
  );
  if (options.json) context.stdout.write(json(loaded));
  else {
    const names = loaded.flatMap((image) =>
      image.names.length > 0
        ? image.names.map((name) => `Loaded image: ${safeLine(name)}\n`)
        : [`Loaded image ID: ${image.digest}\n`],
    );
    context.stdout.write(names.join(""));
  }
}
