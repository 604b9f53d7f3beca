import type { Command } from "commander";
import { optional } from "../../args/optional.ts";
import { parseWhole } from "../../args/whole.ts";
import type { Context } from "../../context.ts";
import { filtered, parseFilters } from "../../listing/filter.ts";
import { formatter } from "../../listing/format.ts";
import { declareListOptions, type ListOptions } from "../../listing/options.ts";
import { shortened } from "../../listing/view.ts";
import { portsLine } from "../../network/ports.ts";
import { since } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { sweep } from "../../sandbox/sweep.ts";
import { examples } from "../examples.ts";
import { psFilters } from "./filter.ts";
import { type FullRow, plainRow, rowsOf } from "./rows.ts";
import { psView, statusText } from "./view.ts";

interface PsOptions extends ListOptions {
  all?: boolean;
  last?: string;
  latest?: boolean;
}

/** Declares `ps` below a name, of the program or of a group. */
export function definePs(parent: Command, context: Context, name = "ps"): Command {
  const command = parent
    .command(name)
    .summary("list containers")
    .description("Lists the running containers.")
    .option("-a, --all", "also those that have ended or were not started")
    .option("-q, --quiet", "only the names of the sandboxes")
    .option("-n, --last <number>", "only the newest ones, whether they run or not")
    .option("-l, --latest", "only the newest one, whether it runs or not")
    .action((options: PsOptions) => ps(options, context));
  return declareListOptions(command, psView(true), psFilters).addHelpText(
    "after",
    examples(
      "virtc ps",
      "virtc ps -a --json",
      "virtc ps --filter status=exited --format '{{.Names}}: {{.Status}}'",
      "virtc ps --format 'table {{.ID}}\\t{{.Image}}'",
      "virtc rm -f $(virtc ps -aq)",
    ),
  );
}

export function define(program: Command, context: Context): void {
  definePs(program, context);
}

async function ps(options: PsOptions, context: Context): Promise<void> {
  const view = psView(options.trunc ?? true);
  const format = formatter(options.format, view);
  const filters = parseFilters(options.filter, psFilters);
  const last = options.latest
    ? 1
    : optional(options.last, (text) => parseWhole("--last", text, 1, 10_000));
  const library = await context.library();
  const sandboxes = await sweep(library);
  const networks = format !== undefined || filters.length > 0 ? await library.networks.list() : [];
  const every = options.all || last !== undefined || filters.some(({ key }) => key === "status");
  const found = filtered(rowsOf(sandboxes, networks), filters, psFilters)
    .filter((row) => every || row.state === "running" || row.state === "paused")
    .slice(0, last);
  context.stdout.write(format?.(found) ?? render(found, options));
}

function render(rows: readonly FullRow[], { json: asJson, quiet, trunc }: PsOptions): string {
  if (asJson) return json(rows.map(plainRow));
  if (quiet) return [...new Set(rows.map((row) => `${row.sandbox}\n`))].join("");
  return table(
    ["SANDBOX", "CONTAINER", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS"],
    rows.map((row) => [
      row.sandbox,
      row.container ?? "-",
      row.image ?? "-",
      trunc === false ? row.command.join(" ") : shortened(row.command.join(" "), 30),
      `${since(row.createdAt)} ago`,
      statusText(row),
      portsLine(row.ports) || "-",
    ]),
  );
}
