import type { Command } from "commander";
import type { Volume } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(group: Command, context: Context): void {
  group
    .command("inspect")
    .summary("print all that is known of volumes, as JSON")
    .description("Prints all that is known of volumes, as a JSON list.")
    .argument("<volume...>", "names")
    .option("--json", "print JSON, which is the default")
    .action(async (names: string[]) => {
      const found: Volume[] = [];
      await forEachName(names, context, async (name) => {
        found.push(await (await context.library()).volumes.inspect(name));
      });
      context.stdout.write(json(found));
    })
    .addHelpText("after", examples("virtc volume inspect data"));
}
