import type { Command } from "commander";
import type { Garbage } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { safe } from "../../output/safe.ts";
import { examples } from "../examples.ts";

interface GcOptions {
  dryRun?: boolean;
  stopped?: boolean;
  json?: boolean;
}

export function define(program: Command, context: Context): void {
  program
    .command("gc")
    .summary("release what killed processes left behind")
    .description(
      "Releases what killed processes and restarts of this machine left behind: half-made containers, processes, mounts, files of interrupted pulls. Prints what it removed.",
    )
    .option("-n, --dry-run", "only print what would be removed")
    .option("--stopped", "remove stopped containers too")
    .option("--json", "print JSON")
    .action(async ({ dryRun = false, stopped = false, json: asJson }: GcOptions) => {
      const library = await context.library();
      const found = await library.collectGarbage({ dryRun, stopped });
      context.stdout.write(asJson ? json(found) : found.map(line).join(""));
    })
    .addHelpText("after", examples("virtc gc", "virtc gc --dry-run", "virtc gc --stopped"));
}

function line({ kind, name, sandboxId, reason }: Garbage): string {
  const of = sandboxId === undefined ? "" : ` of ${sandboxId}`;
  return `${safe(`${kind} ${name}${of}: ${reason}`)}\n`;
}
