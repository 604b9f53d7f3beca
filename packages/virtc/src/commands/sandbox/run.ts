import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { declareSandboxOptions, type SandboxOptions } from "./create/options.ts";
import { makeSandbox } from "./create/run.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("run")
    .summary("boot a sandbox and start its containers")
    .description(
      "Boots a sandbox, makes and starts its containers, and prints its name. It goes on without this\n" +
        "process; what its containers write goes to their logs.",
    )
    .argument("[command...]", "command of the container and its arguments")
    .passThroughOptions()
    .action((words: string[], options: SandboxOptions) =>
      makeSandbox(words, options, context, (library, config, call) =>
        library.runSandbox(config, call),
      ),
    );
  declareSandboxOptions(command).addHelpText(
    "after",
    examples(
      "virtc sandbox run --id pod1 --image busybox --waits",
      "virtc sandbox run --config sandbox.json",
    ),
  );
}
