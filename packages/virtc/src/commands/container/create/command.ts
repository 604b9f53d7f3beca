import type { Command } from "commander";
import { obtainImage } from "../../../container/image.ts";
import { withMounts, withVolumes } from "../../../container/mounts.ts";
import { typedOf } from "../../../container/typed.ts";
import type { Context } from "../../../context.ts";
import { inOptionNames } from "../../../errors/fields.ts";
import { abortable } from "../../../terminal/abortable.ts";
import { examples } from "../../examples.ts";
import { type CreateOptions, declareCreateOptions } from "./options.ts";
import { parseCreate } from "./request.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("create")
    .summary("make a container in a sandbox, without starting it")
    .description(
      "Makes a container in a sandbox that is there, and prints its name; `virtc container start` starts\n" +
        "it. What it writes goes to its log. Options go before the sandbox's name; what follows that is\n" +
        "the command.",
    )
    .argument("<sandbox>", "name of the sandbox")
    .argument("[command...]", "command and its arguments")
    .passThroughOptions()
    .action((sandbox: string, words: string[], options: CreateOptions) =>
      create(sandbox, words, options, context),
    );
  declareCreateOptions(command).addHelpText(
    "after",
    examples(
      "virtc container create --id web --image busybox pod1 httpd -f",
      "virtc container create --id job --image busybox --memory 64m --cpus 0.5 pod1 sh -c 'make all'",
      "virtc container create --config container.json pod1",
    ),
  );
}

async function create(
  sandboxId: string,
  words: readonly string[],
  options: CreateOptions,
  context: Context,
): Promise<void> {
  const { config, container } = await parseCreate(words, options, context);
  const { sandbox } = await abortable(context.signals, async (signal) => {
    const library = await context.library();
    const image = await obtainImage(container, library, signal, context);
    return await withVolumes(container, image, library, signal, (further) =>
      library.createContainer(sandboxId, withMounts(config, further), { signal }),
    );
  }).catch((error: unknown) => {
    throw options.config === undefined ? inOptionNames(error, typedOf(options, options)) : error;
  });
  await sandbox.release();
  context.stdout.write(`${config.id}\n`);
}
