import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { version } from "../../version.ts";
import { examples } from "../examples.ts";
import { guestVersions } from "./guest-versions.ts";

export function define(program: Command, context: Context): void {
  program
    .command("version")
    .summary("print the versions of all parts")
    .description("Prints the versions of virtc and of what runs in its VMs.")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const versions = { virtc: version, node: process.version, ...(await guestVersions(context)) };
      const lines = Object.entries(versions).map(([name, value]) => `${name.padEnd(9)}${value}\n`);
      context.stdout.write(options.json ? json(versions) : lines.join(""));
    })
    .addHelpText("after", examples("virtc version", "virtc version --json"));
}
