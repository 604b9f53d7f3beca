import type { Command } from "commander";
import type { SandboxStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { sandboxTable } from "../../sandbox/table.ts";
import { examples } from "../examples.ts";

interface ListOptions {
  quiet?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("list")
    .summary("list sandboxes")
    .description("Lists all sandboxes, in whatever state they are.")
    .option("-q, --quiet", "only the names")
    .option("--json", "print JSON")
    .action(async (options: ListOptions) => {
      const sandboxes = await (await context.library()).listSandbox();
      sandboxes.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id));
      context.stdout.write(render(sandboxes, options));
    })
    .addHelpText("after", examples("virtc sandbox list", "virtc sandbox list --json"));
}

function render(sandboxes: readonly SandboxStatus[], options: ListOptions): string {
  if (options.json) return json(sandboxes);
  if (options.quiet) return sandboxes.map(({ id }) => `${id}\n`).join("");
  return sandboxTable(sandboxes);
}
