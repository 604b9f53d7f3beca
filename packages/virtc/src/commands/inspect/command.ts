import type { Command } from "commander";
import type { SandboxStatus } from "virtcontainers";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { oneFormatter } from "../../listing/format.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";
import { dockerView } from "./view.ts";

export function define(program: Command, context: Context): void {
  program
    .command("inspect")
    .summary("print all that is known of containers, as JSON")
    .description("Prints all that is known of containers and their VMs, as a JSON list.")
    .argument("<container...>", "names of the containers")
    .option("--json", "print JSON, which is the default")
    .option("-f, --format <template>", "print by a template, such as {{.State.Status}}")
    .action(async (names: string[], options: { format?: string }) => {
      const format = optional(options.format, oneFormatter);
      const found: SandboxStatus[] = [];
      await forEachName(names, context, async (name) => {
        found.push(await (await context.library()).statusSandbox(name));
      });
      if (format === undefined) context.stdout.write(json(found));
      else context.stdout.write(found.map((status) => format(dockerView(status))).join(""));
    })
    .addHelpText(
      "after",
      examples(
        "virtc inspect web",
        "virtc inspect web | jq '.[0].vmm.pid'",
        "virtc inspect -f '{{.State.Status}}' web",
      ),
    );
}
