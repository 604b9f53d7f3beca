import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";

export function define(group: Command, context: Context): void {
  group
    .command("prune")
    .summary("remove the volumes that no container uses")
    .description("Removes all volumes that no container uses, with all that is in them.")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const removed = await (await context.library()).volumes.prune();
      const lines = removed.map((name) => `${name}\n`).join("");
      context.stdout.write(options.json ? json({ removed }) : lines);
    })
    .addHelpText("after", examples("virtc volume prune"));
}
