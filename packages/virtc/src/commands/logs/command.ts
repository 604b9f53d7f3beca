import { type Command, InvalidArgumentError } from "commander";
import { parseMoment } from "../../args/moment.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { examples } from "../examples.ts";
import { between } from "./between.ts";
import { print } from "./print.ts";

interface LogsOptions {
  follow?: boolean;
  timestamps?: boolean;
  tail?: number;
  since?: string;
  until?: string;
  container?: string;
}

export function define(program: Command, context: Context): void {
  program
    .command("logs")
    .summary("print what a detached container wrote")
    .description(
      "Prints what a container that runs detached has written: its standard output on standard\n" +
        "output, its standard error on standard error.",
    )
    .argument("<container>", "name of the container")
    .option("-f, --follow", "go on until the container ends")
    .option("-t, --timestamps", "begin each line with its time")
    .option("-n, --tail <lines>", "only the last lines", wholeNumber)
    .option("--since <time>", "only what was written since: 10m (ago), a date, seconds since 1970")
    .option("--until <time>", "only what was written until then")
    .option("--container <id>", "which container, where the sandbox has several")
    .action((name: string, options: LogsOptions) => logs(name, options, context))
    .addHelpText("after", examples("virtc logs web", "virtc logs -f --tail 20 --timestamps web"));
}

async function logs(name: string, options: LogsOptions, context: Context): Promise<void> {
  const since = optional(options.since, (text) => parseMoment("--since", text));
  const until = optional(options.until, (text) => parseMoment("--until", text));
  const library = await context.library();
  const status = await library.statusSandbox(name);
  const id = pickContainer(name, status.containersStatus, options.container);
  const sandbox = await library.fetchSandbox(name);
  const printed = await print(
    (follow) => between(sandbox.logs(id, { follow }), since, until),
    options,
    context,
  );
  await sandbox.release();
  const logged = status.containersStatus.find((container) => container.id === id)?.logged ?? true;
  if (printed > 0 || logged || since !== undefined || until !== undefined) return;
  throw new UsageError(
    `${name} has no log: its output went to the virtc that ran it`,
    "Run it with --detach to keep its output.",
  );
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 0.");
  return Number(text);
}
