import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { setup } from "./run.ts";

export function define(program: Command, context: Context): void {
  program
    .command("setup")
    .summary("install what this host lacks, and the busybox image")
    .description(
      "Installs the Debian packages that this host lacks, and the image busybox that comes with virtc.\n" +
        "It says what it does, and does nothing where nothing is missing. Packages need root or sudo.",
    )
    .option("--dry-run", "only say what would be done")
    .action((options: { dryRun?: boolean }) => setup(options.dryRun ?? false, context))
    .addHelpText("after", examples("virtc setup", "virtc setup --dry-run"));
}
