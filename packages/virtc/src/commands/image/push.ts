import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { safeLine } from "../../output/safe.ts";
import { showProgress } from "../../output/show-progress.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";

interface PushOptions {
  quiet?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "push");
  group
    .command("push")
    .summary("give an image to a registry")
    .description(
      "Gives an image to the registry that its name begins with, as one layer; what is there already is not\n" +
        "sent again. Prints the tag with the digest of what the registry has then. See also: virtc login.",
    )
    .argument("<image>", "name with the registry's host, such as registry.example.com/team/app:1")
    .option("-q, --quiet", "print the image's name alone, and show no progress")
    .option("--json", "print name, digest and size as JSON")
    .action((name: string, options: PushOptions) => push(name, options, context))
    .addHelpText(
      "after",
      examples(`${command} 127.0.0.1:5000/app:1`, `${command} registry.example.com/team/app`),
    );
}

async function push(name: string, options: PushOptions, context: Context): Promise<void> {
  const { images } = await context.library();
  const progress = showProgress(name, context, options.quiet);
  const pushed = await abortable(context.signals, (signal) =>
    images.push(name, { signal, onProgress: progress.update }).finally(progress.end),
  );
  if (options.json) context.stdout.write(json(pushed));
  else if (options.quiet) context.stdout.write(`${safeLine(pushed.name)}\n`);
  else {
    const tag = pushed.name.slice(pushed.name.lastIndexOf(":") + 1);
    context.stdout.write(`${tag}: digest: ${pushed.digest} size: ${pushed.sizeBytes}\n`);
  }
}
