import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { json } from "../output/json.ts";
import { examples } from "./examples.ts";

/** Things of this host that a command lists. */
export interface List<T> {
  /** `images`; their group is called as one of them. */
  what: string;
  /** What `--quiet` prints of each. */
  key: { plural: string; of(one: T): string };
  all(library: Library): Promise<readonly T[]>;
  table(list: readonly T[]): string;
}

/** Declares `ls` in a group of commands. */
export function defineList<T>(group: Command, context: Context, list: List<T>): void {
  const { what, key } = list;
  const command = `virtc ${group.name()} ls`;
  group
    .command("ls")
    .alias("list")
    .summary(`list ${what}`)
    .description(`Lists the ${what} of this host.`)
    .option("-q, --quiet", `only the ${key.plural}`)
    .option("--json", "print JSON")
    .action(async (options: { quiet?: boolean; json?: boolean }) => {
      const all = await list.all(await context.library());
      if (options.json) context.stdout.write(json(all));
      else if (options.quiet) context.stdout.write(all.map((one) => `${key.of(one)}\n`).join(""));
      else context.stdout.write(list.table(all));
    })
    .addHelpText("after", examples(command, `${command} --json`));
}
