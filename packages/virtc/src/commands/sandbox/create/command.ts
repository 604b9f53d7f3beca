import type { Command } from "commander";
import type { Context } from "../../../context.ts";
import { examples } from "../../examples.ts";
import { declareSandboxOptions, type SandboxOptions } from "./options.ts";
import { makeSandbox } from "./run.ts";

export function define(group: Command, context: Context): void {
  const command = group
    .command("create")
    .summary("boot a sandbox and make its containers, without starting them")
    .description(
      "Boots a sandbox and makes its containers, and prints its name; `virtc sandbox start` starts them.\n" +
        "What is asked for comes from a file, from options, or both; options go before the file.\n" +
        "Without a container it is an empty VM, for `virtc container create`.",
    )
    .argument("[command...]", "command of the container and its arguments")
    .passThroughOptions()
    .action((words: string[], options: SandboxOptions) =>
      makeSandbox(words, options, context, (library, config, call) =>
        library.createSandbox(config, call),
      ),
    );
  declareSandboxOptions(command).addHelpText(
    "after",
    examples(
      "virtc sandbox create --id pod1 --cpus 2 --memory 512m",
      "virtc sandbox create --id pod2 --image busybox httpd -f",
      "virtc sandbox create --config sandbox.json",
      `echo '{"hypervisorConfig": {"memoryMiB": 512}}' | virtc sandbox create --config -`,
    ),
  );
}
