import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { json } from "../output/json.ts";
import { examples } from "./examples.ts";

/** Things of this host that a command removes where nobody uses them. */
export interface Pruning {
  summary: string;
  description: string;
  /** Gives the names of what was removed. */
  prune(library: Library): Promise<readonly string[]>;
}

/** Declares `prune` in a group of commands. */
export function definePrune(group: Command, context: Context, pruning: Pruning): void {
  group
    .command("prune")
    .summary(pruning.summary)
    .description(pruning.description)
    .option("-f, --force", "don't ask, which it never does")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const removed = await pruning.prune(await context.library());
      const lines = removed.map((name) => `${name}\n`).join("");
      context.stdout.write(options.json ? json({ removed }) : lines);
    })
    .addHelpText("after", examples(`virtc ${group.name()} prune`));
}
