import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { bytes } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";

interface PruneOptions {
  all?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("prune")
    .summary("remove what no container needs")
    .description("Removes images without a name and what interrupted pulls left.")
    .option("-a, --all", "every image that no container uses")
    .option("-f, --force", "don't ask, which it never does")
    .option("--json", "print JSON")
    .action(async (options: PruneOptions) => {
      const { images } = await context.library();
      const result = await images.prune({ all: options.all ?? false });
      if (options.json) context.stdout.write(json(result));
      else {
        const lines = result.removed.map((digest) => `${digest}\n`).join("");
        context.stdout.write(`${lines}freed ${bytes(result.freedBytes)}\n`);
      }
    })
    .addHelpText("after", examples("virtc image prune", "virtc image prune --all"));
}
