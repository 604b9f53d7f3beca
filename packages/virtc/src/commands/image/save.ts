import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { SaveOptions as Format } from "virtcontainers";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { abortable } from "../../terminal/abortable.ts";
import { writer } from "../../terminal/drained.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";
import { toFile } from "../to-file.ts";

interface SaveOptions {
  output?: string;
  format: NonNullable<Format["format"]>;
}

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "save");
  group
    .command("save")
    .summary("write images as an archive")
    .description(
      "Writes images as one archive that `virtc load`, `docker load` and `podman load` read; each has its root\n" +
        "file system as one layer. To standard output unless --output names a file.",
    )
    .argument("<image...>", "names or digests")
    .option("-o, --output <path>", "write a file, which is replaced when the archive is whole")
    .addOption(
      new Option("--format <format>", "how it is written; an oci-archive holds one image")
        .choices(["docker-archive", "oci-archive"])
        .default("docker-archive"),
    )
    .action((names: string[], options: SaveOptions) => save(names, options, context))
    .addHelpText(
      "after",
      examples(`${command} -o busybox.tar busybox`, `${command} busybox | docker load`),
    );
}

async function save(names: string[], options: SaveOptions, context: Context): Promise<void> {
  const { output, format } = options;
  const { stdout } = context;
  if (output === undefined && stdout.isTTY) {
    throw new UsageError(
      "the archive would go to standard output, which is a terminal",
      "Name a file with --output FILE, or send it on: virtc save app:1 | docker load.",
    );
  }
  const { images } = await context.library();
  await abortable(context.signals, (signal) =>
    output === undefined
      ? images.save(names, writer(stdout), { signal, format })
      : toFile(resolve(context.cwd, output), (write) =>
          images.save(names, write, { signal, format }),
        ),
  );
}
