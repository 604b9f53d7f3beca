import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { declareRunOptions, type RunOptions } from "./options.ts";
import { parseRun } from "./request.ts";
import { run } from "./run.ts";

export function define(program: Command, context: Context): void {
  const command = program
    .command("run")
    .summary("run a container in a new virtual machine")
    .description(
      "Runs a container in a new virtual machine. Everything after the image belongs to the command.\n" +
        "The exit code is the container's; 125 if virtc failed, 126 if the command can't be executed,\n" +
        "127 if it was not found. With -i and -t, Ctrl-P Ctrl-Q detaches.",
    )
    .usage(
      "[options] <image> [command...]\n       virtc run [options] --rootfs <dir> <command...>\n" +
        "       virtc run [options] --bundle <dir> [command...]",
    )
    .argument("[image]", "image to run")
    .argument("[command...]", "command and its arguments")
    .passThroughOptions()
    .action(async (_image, _command, options: RunOptions) => {
      context.exitCode = await run(await parseRun(command.args, options, context), context);
    });
  declareRunOptions(command).addHelpText(
    "after",
    examples(
      "virtc run --rm busybox echo hello",
      "virtc run --rm -it busybox sh",
      "echo abc | virtc run --rm -i busybox cat",
      "virtc run -d --name web --memory 512m --cpus 2 busybox httpd -f",
      "virtc run --rm --cap-drop ALL --ulimit nofile=64 --security-opt no-new-privileges busybox id",
      "virtc run --rm --bundle /srv/app",
      "virtc run --rm --rootfs /srv/debian:ro /bin/cat /etc/os-release",
    ),
  );
}
