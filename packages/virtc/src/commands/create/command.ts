import type { Command } from "commander";
import { typedOf } from "../../container/typed.ts";
import type { Context } from "../../context.ts";
import { inOptionNames } from "../../errors/fields.ts";
import { abortable } from "../../terminal/abortable.ts";
import { libraryOptions } from "../../vm/config.ts";
import { examples } from "../examples.ts";
import { make } from "../run/make.ts";
import { declareMakeOptions, type RunOptions } from "../run/options.ts";
import { parseRun } from "../run/request.ts";

export function define(program: Command, context: Context): void {
  const command = program
    .command("create")
    .summary("make a container in a new virtual machine, without starting it")
    .description(
      "Makes a container in a new virtual machine and prints its name; `virtc start` starts it. Its VM is up\n" +
        "and waits. Everything after the image belongs to the command. What it writes goes to its log.",
    )
    .usage(
      "[options] <image> [command...]\n       virtc create [options] --rootfs <dir> <command...>\n" +
        "       virtc create [options] --bundle <dir> [command...]",
    )
    .argument("[image]", "image to make it of")
    .argument("[command...]", "command and its arguments")
    .passThroughOptions()
    .action((_image, _command, options: RunOptions) => create(command.args, options, context));
  declareMakeOptions(command).addHelpText(
    "after",
    examples(
      "virtc create --name web busybox httpd -f",
      "virtc create -it --name shell busybox sh",
      "virtc start -a web",
    ),
  );
}

async function create(
  words: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<void> {
  const request = await parseRun(words, { ...options, detach: true }, context);
  const library = await context.library(libraryOptions(request.vm));
  const sandbox = await abortable(context.signals, (signal) =>
    make("createSandbox", request, library, signal, context),
  ).catch((error: unknown) => {
    throw inOptionNames(error, typedOf(request.container.options, request.vm.options));
  });
  await sandbox.release();
  context.stdout.write(`${request.id}\n`);
}
