import type { Command } from "commander";
import type { Context } from "../../context.ts";
import type { Library } from "../../library.ts";
import { declareResourceOptions, type ResourceOptions } from "../../resources/options.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";
import { parseContainerUpdate, parseUpdate } from "./request.ts";
import { update } from "./run.ts";

interface UpdateOptions extends ResourceOptions {
  container?: string;
}

export function define(program: Command, context: Context): void {
  const command = program
    .command("update")
    .summary("change CPUs, memory and limits of running containers")
    .description(
      "Changes containers while they run. As in `virtc run`, --cpus and --memory are the VM's; the other\n" +
        "options limit the container in it. With --container, all of them limit that container alone.",
    )
    .argument("<container...>", "names of the containers")
    .option("--container <id>", "limit this one, where the sandbox has several")
    .action((names: string[], options: UpdateOptions) => updateAll(names, options, context));
  declareResourceOptions(command, {
    cpus: "CPUs, such as 2 or 0.5",
    memory: "memory, such as 512m or 1g",
  }).addHelpText(
    "after",
    examples(
      "virtc update --cpus 2 --memory 1g web",
      "virtc update --pids-limit 100 web job",
      "virtc update --container web --memory 64m pod1",
    ),
  );
}

async function updateAll(
  names: readonly string[],
  { container, ...options }: UpdateOptions,
  context: Context,
): Promise<void> {
  const act = container === undefined ? whole(options) : only(container, options);
  await forEachName(names, context, async (name) => {
    await act(await context.library(), name);
    context.stdout.write(`${name}\n`);
  });
}

type Act = (library: Library, name: string) => Promise<unknown>;

function whole(options: ResourceOptions): Act {
  const wanted = parseUpdate(options);
  return (library, name) => update(library, name, wanted);
}

function only(container: string, options: ResourceOptions): Act {
  const limits = parseContainerUpdate(options);
  return (library, name) => library.updateContainer(name, container, limits);
}
