import type { Command } from "commander";
import type { ContainerStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { containerTable } from "../../sandbox/table.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(group: Command, context: Context): void {
  group
    .command("status")
    .summary("show containers of a sandbox")
    .description(
      "Shows the state of containers, of all in the sandbox if none is named; with --json all that is\n" +
        "known of them.",
    )
    .argument("<sandbox>", "name of the sandbox")
    .argument("[container...]", "names of the containers")
    .option("--json", "print JSON")
    .action(async (sandbox: string, names: string[], options: { json?: boolean }) => {
      const found = await statusOf(sandbox, names, context);
      const rows = found.map((container) => ({ sandbox, container }));
      if (options.json) context.stdout.write(json(found));
      else if (found.length > 0 || names.length === 0) context.stdout.write(containerTable(rows));
    })
    .addHelpText(
      "after",
      examples("virtc container status pod1", "virtc container status --json pod1 web"),
    );
}

async function statusOf(
  sandbox: string,
  names: readonly string[],
  context: Context,
): Promise<ContainerStatus[]> {
  const library = await context.library();
  if (names.length === 0) return (await library.statusSandbox(sandbox)).containersStatus;
  const found: ContainerStatus[] = [];
  await forEachName(names, context, async (name) => {
    found.push(await library.statusContainer(sandbox, name));
  });
  return found;
}
