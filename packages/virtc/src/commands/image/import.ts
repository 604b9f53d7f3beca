import { resolve } from "node:path";
import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { showProgress } from "../../output/show-progress.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";

interface ImportOptions {
  name?: string;
  platform?: string;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("import")
    .summary("make an image of an archive or folder")
    .description(
      "Makes an image of an OCI layout (folder or tar), an archive of `docker save`, or a root file\n" +
        "system (folder or tar), and prints its digest. A root file system needs a --name.",
    )
    .argument("<path>", "archive or folder")
    .option("--name <reference>", "name of the image (default: the one in the archive)")
    .option(
      "--platform <platform>",
      "which one to take, such as linux/amd64 (default: this host's)",
    )
    .option("--json", "print the image as JSON")
    .action((path: string, options: ImportOptions) => importImage(path, options, context))
    .addHelpText(
      "after",
      examples("virtc image import app.tar", "virtc image import --name debian:12 ./rootfs"),
    );
}

async function importImage(path: string, options: ImportOptions, context: Context): Promise<void> {
  const { images } = await context.library();
  const progress = showProgress(path, context);
  const { name, platform } = options;
  const image = await abortable(context.signals, (signal) =>
    images
      .import(resolve(context.cwd, path), {
        signal,
        onProgress: progress.update,
        ...(name === undefined ? {} : { name }),
        ...(platform === undefined ? {} : { platform }),
      })
      .finally(progress.end),
  );
  context.stdout.write(options.json ? json(image) : `${image.digest}\n`);
}
