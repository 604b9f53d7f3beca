import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { version } from "../../version.ts";
import { examples } from "../examples.ts";

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

/** Nothing where the guest's files are not installed: that is for `virtc check` to tell. */
async function guestVersions(context: Context): Promise<Record<string, string>> {
  const { findGuestDir, loadGuestAssets } = await import("virtcontainers/host");
  try {
    const { flavour, kernelVersion, versions } = await loadGuestAssets(findGuestDir(context.env));
    return { kernel: `${kernelVersion} (${flavour})`, ...versions };
  } catch {
    return {};
  }
}
