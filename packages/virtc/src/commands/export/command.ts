import { resolve } from "node:path";
import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { withContainer } from "../../sandbox/with-container.ts";
import { writer } from "../../terminal/drained.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";
import { tellSkipped } from "../skipped.ts";
import { toFile } from "../to-file.ts";

interface ExportOptions {
  output?: string;
  container?: string;
}

export function define(program: Command, context: Context): void {
  const command = pathOf(program, "export");
  program
    .command("export")
    .summary("write a container's files as a tar")
    .description(
      "Writes the root file system of a container, with what it has written, as a tar; what is mounted is left out.\n" +
        "Its VM must run. To standard output unless --output names a file.",
    )
    .argument("<container>", "name of the container")
    .option("-o, --output <path>", "write a file, which is replaced when the tar is whole")
    .option("--container <container>", "which one, where the sandbox has several")
    .action((name: string, options: ExportOptions) => exportFiles(name, options, context))
    .addHelpText("after", examples(`${command} -o web.tar web`, `${command} web | tar -t`));
}

async function exportFiles(name: string, options: ExportOptions, context: Context): Promise<void> {
  const { stdout } = context;
  if (options.output === undefined && stdout.isTTY) {
    throw new UsageError(
      "the tar would go to standard output, which is a terminal",
      "Name a file with --output FILE.",
    );
  }
  await withContainer(name, options.container, context, async (sandbox, id, signal) => {
    const write = async (to: (data: Uint8Array) => Promise<void>): Promise<void> => {
      const result = await sandbox.exportTar(id, "/.", to, { withoutMounts: true, signal });
      tellSkipped(result.skipped, context);
    };
    if (options.output === undefined) await write(writer(stdout));
    else await toFile(resolve(context.cwd, options.output), write);
  });
}
