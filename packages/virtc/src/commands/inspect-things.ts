import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { json } from "../output/json.ts";
import { examples } from "./examples.ts";
import { forEachName } from "./for-each-name.ts";

/** Things of this host that a command shows whole, called as their group is. */
export interface Shown {
  /** `volumes`. */
  what: string;
  description: string;
  /** A name, for the example. */
  example: string;
  inspect(library: Library, name: string): Promise<unknown>;
}

/** Declares `inspect` in a group of commands. */
export function defineInspect(group: Command, context: Context, shown: Shown): void {
  const { what, description, example, inspect } = shown;
  group
    .command("inspect")
    .summary(`print all that is known of ${what}, as JSON`)
    .description(description)
    .argument(`<${group.name()}...>`, "names")
    .option("--json", "print JSON, which is the default")
    .action(async (names: string[]) => {
      const found: unknown[] = [];
      await forEachName(names, context, async (name) => {
        found.push(await inspect(await context.library(), name));
      });
      context.stdout.write(json(found));
    })
    .addHelpText("after", examples(`virtc ${group.name()} inspect ${example}`));
}
