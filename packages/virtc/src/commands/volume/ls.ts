import type { Command } from "commander";
import type { Volume } from "virtcontainers";
import type { Context } from "../../context.ts";
import { since } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { examples } from "../examples.ts";

interface LsOptions {
  quiet?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("ls")
    .alias("list")
    .summary("list volumes")
    .description("Lists the volumes of this host.")
    .option("-q, --quiet", "only the names")
    .option("--json", "print JSON")
    .action(async (options: LsOptions) => {
      const volumes = await (await context.library()).volumes.list();
      context.stdout.write(render(volumes, options));
    })
    .addHelpText("after", examples("virtc volume ls", "virtc volume ls --json"));
}

function render(volumes: readonly Volume[], options: LsOptions): string {
  if (options.json) return json(volumes);
  if (options.quiet) return volumes.map(({ name }) => `${name}\n`).join("");
  return table(
    ["NAME", "DRIVER", "SIZE", "USED BY", "CREATED"],
    volumes.map(({ name, driver, sizeMiB, usedBy, createdAt }) => [
      name,
      driver,
      sizeMiB === undefined ? "-" : `${sizeMiB} MiB`,
      usedBy.join(", ") || "-",
      `${since(createdAt)} ago`,
    ]),
  );
}
