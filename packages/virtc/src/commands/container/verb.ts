import type { Command } from "commander";
import type { Context } from "../../context.ts";
import type { Library } from "../../library.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

/** Something that is done to containers of a sandbox one after the other. */
export interface ContainerVerb<Options> {
  name: string;
  summary: string;
  description: string;
  examples: readonly string[];
  declare?(command: Command): unknown;
  /** Checks the options, and gives what is to be done to each. */
  act(options: Options): (library: Library, sandbox: string, name: string) => Promise<unknown>;
}

/** Declares a command that does the same to all containers that are named, and prints the names of those it did. */
export function defineContainerVerb<Options>(
  group: Command,
  context: Context,
  verb: ContainerVerb<Options>,
): void {
  const command = group
    .command(verb.name)
    .summary(verb.summary)
    .description(verb.description)
    .argument("<sandbox>", "name of the sandbox")
    .argument("<container...>", "names of the containers")
    .action((sandbox: string, names: string[], options: Options) => {
      const act = verb.act(options);
      return forEachName(names, context, async (name) => {
        await act(await context.library(), sandbox, name);
        context.stdout.write(`${name}\n`);
      });
    })
    .addHelpText("after", examples(...verb.examples));
  verb.declare?.(command);
}
