import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { examples } from "./examples.ts";
import { forEachName } from "./for-each-name.ts";

/** Things of this host that a command removes, called as their group is. */
export interface Removal {
  /** `volumes`. */
  what: string;
  description: string;
  /** A name, for the example. */
  example: string;
  remove(library: Library, name: string): Promise<unknown>;
}

/** Declares `rm` in a group of commands. */
export function defineRemove(group: Command, context: Context, removal: Removal): void {
  const { what, description, example, remove } = removal;
  group
    .command("rm")
    .summary(`remove ${what}`)
    .description(description)
    .argument(`<${group.name()}...>`, "names")
    .action((names: string[]) =>
      forEachName(names, context, async (name) => {
        await remove(await context.library(), name);
        context.stdout.write(`${name}\n`);
      }),
    )
    .addHelpText("after", examples(`virtc ${group.name()} rm ${example}`));
}
