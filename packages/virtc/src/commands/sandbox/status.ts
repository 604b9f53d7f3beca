import type { Command } from "commander";
import type { SandboxStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { containerTable, sandboxTable } from "../../sandbox/table.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(group: Command, context: Context): void {
  group
    .command("status")
    .summary("show sandboxes and their containers")
    .description(
      "Shows the state of sandboxes and of their containers; with --json all that is known of them.",
    )
    .argument("<sandbox...>", "names of the sandboxes")
    .option("--json", "print JSON")
    .action(async (names: string[], options: { json?: boolean }) => {
      const found: SandboxStatus[] = [];
      await forEachName(names, context, async (name) => {
        found.push(await (await context.library()).statusSandbox(name));
      });
      context.stdout.write(options.json ? json(found) : render(found));
    })
    .addHelpText(
      "after",
      examples("virtc sandbox status pod1", "virtc sandbox status --json pod1"),
    );
}

function render(sandboxes: readonly SandboxStatus[]): string {
  if (sandboxes.length === 0) return "";
  const containers = sandboxes.flatMap((sandbox) =>
    sandbox.containersStatus.map((container) => ({ sandbox: sandbox.id, container })),
  );
  if (containers.length === 0) return sandboxTable(sandboxes);
  return `${sandboxTable(sandboxes)}\n${containerTable(containers)}`;
}
