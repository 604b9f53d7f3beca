import type { Command } from "commander";
import type { VirtEvent } from "virtcontainers";
import { parseMoment } from "../../args/moment.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { FilterOption, offersOf } from "../../listing/filter-option.ts";
import { oneFormatter } from "../../listing/format.ts";
import { jsonLine } from "../../output/json.ts";
import { drained } from "../../terminal/drained.ts";
import { examples } from "../examples.ts";
import { eventTypes, hasName, parseFilters } from "./filter.ts";
import { eventLine } from "./line.ts";

interface EventsOptions {
  json?: boolean;
  format?: string;
  since?: string;
  until?: string;
  filter: string[];
}

export function define(program: Command, context: Context): void {
  program
    .command("events")
    .summary("print what happens to containers")
    .description(
      "Prints what happens to sandboxes, containers and networks, as it happens, whichever process does it. A line\n" +
        "about a container names it after its sandbox, as in web/web.",
    )
    .option("--json", "print JSON, one object a line")
    .option("--format <template>", "print by a template: json, or {{.type}} {{.sandboxId}}")
    .option(
      "--since <time>",
      "begin with what has happened since: 10m (ago), a date, seconds since 1970",
    )
    .option("--until <time>", "end then; a time that has passed prints only what is kept")
    .addOption(
      new FilterOption(
        "--filter <key=value>",
        "only type=TYPE or name=NAME; repeatable",
        offersOf({ type: { words: eventTypes }, name: {} }),
      ),
    )
    .action((options: EventsOptions) => events(options, context))
    .addHelpText(
      "after",
      examples(
        "virtc events",
        "virtc events --since 1h --until now --json",
        "virtc events --filter type=exited --filter type=oom --filter name=web",
      ),
    );
}

/** With what an event of another type has, so that one template fits all. */
function withAll(event: VirtEvent): Record<string, unknown> {
  const none = { sandboxId: "", containerId: "", network: "", interfaceName: "" };
  return { ...none, exitCode: "", health: "", reason: "", ...event };
}

async function events(options: EventsOptions, context: Context): Promise<void> {
  const format = optional(options.format, oneFormatter);
  const { types, names } = parseFilters(options.filter);
  const since = options.since === undefined ? undefined : parseMoment("--since", options.since);
  const until = options.until === undefined ? undefined : parseMoment("--until", options.until);
  const library = await context.library();
  const wanted = { since, until, types: types.length > 0 ? types : undefined };
  for await (const event of library.events(wanted)) {
    if (!hasName(event, names)) continue;
    const line =
      format !== undefined
        ? format(withAll(event))
        : options.json
          ? `${jsonLine(event)}\n`
          : eventLine(event);
    if (!context.stdout.write(line)) await drained(context.stdout);
  }
}
