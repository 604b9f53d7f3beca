import type { Command } from "commander";
import type { SandboxStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

export function define(program: Command, context: Context): void {
  program
    .command("inspect")
    .summary("print all that is known of containers, as JSON")
    .description("Prints all that is known of containers and their VMs, as a JSON list.")
    .argument("<container...>", "names of the containers")
    .option("--json", "print JSON, which is the default")
    .action(async (names: string[]) => {
      const found: SandboxStatus[] = [];
      await forEachName(names, context, async (name) => {
        found.push(await (await context.library()).statusSandbox(name));
      });
      context.stdout.write(json(found));
    })
    .addHelpText("after", examples("virtc inspect web", "virtc inspect web | jq '.[0].vmm.pid'"));
}
