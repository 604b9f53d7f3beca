import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { type CpOptions, cp } from "./run.ts";

export function define(program: Command, context: Context): void {
  program
    .command("cp")
    .summary("copy files into and out of a running container")
    .description(
      "Copies a file or folder between this host and a container, CONTAINER:PATH. Where the target is a\n" +
        "folder, the copy goes into it; FOLDER/. stands for what is in a folder. With - in the place of the\n" +
        "host's path, a tar stream is read from standard input or written to standard output. What can't\n" +
        "be copied, such as devices and links that lead out of the copy, is told and left out.",
    )
    .argument("<source>", "path on this host, CONTAINER:PATH, or -")
    .argument("<target>", "path on this host, CONTAINER:PATH, or -")
    .option("-a, --archive", "keep owners")
    .option("--container <id>", "which container, where the sandbox has several")
    .option("--json", "print what was copied as JSON")
    .action((source: string, target: string, options: CpOptions) =>
      cp(source, target, options, context),
    )
    .addHelpText(
      "after",
      examples(
        "virtc cp site/. web:/srv",
        "virtc cp web:/var/log/app.log .",
        "virtc cp web:/etc - | tar -t",
        "tar -c site | virtc cp - web:/srv",
      ),
    );
}
