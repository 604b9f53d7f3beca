import type { Command } from "commander";
import type { Context } from "../context.ts";
import type { Library } from "../library.ts";
import { type FilterKeys, filtered, parseFilters } from "../listing/filter.ts";
import { formatter } from "../listing/format.ts";
import { declareListOptions, type ListOptions } from "../listing/options.ts";
import type { View } from "../listing/view.ts";
import { json } from "../output/json.ts";
import { examples } from "./examples.ts";
import { pathOf } from "./path-of.ts";

/** Things of this host that a command lists. */
export interface List<T, Row = T> {
  /** `images`; their group is called as one of them. */
  what: string;
  /** What `--quiet` prints of each. */
  key: { plural: string; of(one: T): string };
  all(library: Library): Promise<readonly T[]>;
  /** The rows of a thing, where it has several or others than itself. */
  rows(list: readonly T[]): readonly Row[];
  table(rows: readonly Row[], trunc: boolean): string;
  /** What `--format` can name of a row. */
  view(trunc: boolean): View<Row>;
  /** The keys of `--filter`. */
  filters: FilterKeys<T>;
}

/** Declares `ls` in a group of commands, or the list as a command of its own name. */
export function defineList<T, Row>(
  group: Command,
  context: Context,
  list: List<T, Row>,
  name?: string,
): void {
  const { what, key, filters } = list;
  const line = pathOf(group, name ?? "ls");
  const command = group.command(name ?? "ls");
  command
    .summary(`list ${what}`)
    .description(`Lists the ${what} of this host.`)
    .option("-q, --quiet", `only the ${key.plural}`)
    .action((options: ListOptions) => show(list, options, context));
  declareListOptions(command, list.view(true), filters).addHelpText(
    "after",
    examples(line, `${line} --json`, `${line} --format '{{json .}}'`),
  );
}

/** Prints a list as its options say. */
export async function show<T, Row>(
  list: List<T, Row>,
  options: ListOptions,
  context: Context,
): Promise<void> {
  const { filters, key } = list;
  const trunc = options.trunc ?? true;
  const format = formatter(options.format, list.view(trunc));
  const typed = parseFilters(options.filter, filters);
  const found = filtered(await list.all(await context.library()), typed, filters);
  if (format !== undefined) context.stdout.write(format(list.rows(found)));
  else if (options.json) context.stdout.write(json(found));
  else if (options.quiet) context.stdout.write(found.map((one) => `${key.of(one)}\n`).join(""));
  else context.stdout.write(list.table(list.rows(found), trunc));
}
