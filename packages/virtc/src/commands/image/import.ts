import { resolve } from "node:path";
import type { Command } from "commander";
import type { ImportOptions as Import } from "virtcontainers";
import { applyChanges } from "../../args/changes.ts";
import { collect } from "../../args/collect.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { json } from "../../output/json.ts";
import { showProgress } from "../../output/show-progress.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";

interface ImportOptions {
  name?: string;
  platform?: string;
  change: string[];
  message?: string;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "import");
  group
    .command("import")
    .summary("make an image of a root file system or archive")
    .description(
      "Makes an image of a root file system (tar or folder), which needs a name, and prints its digest. Also of\n" +
        "an OCI layout (folder or tar) or an archive of `docker save`. `-` is standard input.",
    )
    .argument("<path>", "archive or folder, or - for standard input")
    .argument("[name]", "name of the image (default: the one in the archive)")
    .option("--name <reference>", "the same as the second argument")
    .option(
      "-c, --change <instruction>",
      "apply an instruction of a Dockerfile to a root file system",
      collect,
      [],
    )
    .option("-m, --message <text>", "a comment on how the root file system was made")
    .option(
      "--platform <platform>",
      "which one to take, such as linux/amd64 (default: this host's)",
    )
    .option("--json", "print the image as JSON")
    .action((path: string, name: string | undefined, options: ImportOptions) =>
      importImage(path, name, options, context),
    )
    .addHelpText(
      "after",
      examples(
        `${command} ./rootfs debian:12`,
        `docker export web | ${command} - web:1`,
        `${command} --change 'CMD ["httpd", "-f"]' rootfs.tar.gz web:2`,
        `${command} app.tar`,
      ),
    );
}

async function importImage(
  path: string,
  given: string | undefined,
  options: ImportOptions,
  context: Context,
): Promise<void> {
  const { platform } = options;
  if (given !== undefined && options.name !== undefined) {
    throw new UsageError("the name can't be given both as an argument and with --name");
  }
  if (path === "-" && context.stdin.isTTY) {
    throw new UsageError("the archive would come from standard input, which is a terminal");
  }
  const name = given ?? options.name;
  const described = await describe(options);
  const { images } = await context.library();
  const progress = showProgress(path, context);
  const from = path === "-" ? context.stdin : resolve(context.cwd, path);
  const image = await abortable(context.signals, (signal) =>
    images
      .import(from, {
        signal,
        onProgress: progress.update,
        ...described,
        ...(name === undefined ? {} : { name }),
        ...(platform === undefined ? {} : { platform }),
      })
      .finally(progress.end),
  );
  context.stdout.write(options.json ? json(image) : `${image.digest}\n`);
}

async function describe({
  change,
  message,
}: ImportOptions): Promise<Pick<Import, "config" | "history">> {
  if (change.length === 0 && message === undefined) return {};
  const createdAt = new Date().toISOString();
  const { emptyConfig } = await import("virtcontainers/config");
  return {
    config: applyChanges(emptyConfig, change),
    history: [{ createdAt, ...(message !== undefined && { comment: message }) }],
  };
}
