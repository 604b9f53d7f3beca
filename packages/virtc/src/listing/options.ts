import type { Command } from "commander";
import type { FilterKeys } from "./filter.ts";
import { FilterOption, offersOf } from "./filter-option.ts";
import type { View } from "./view.ts";

/** The options of everything that lists, as the parser gives them. */
export interface ListOptions {
  quiet?: boolean;
  json?: boolean;
  format?: string;
  filter: string[];
  /** False with --no-trunc. */
  trunc?: boolean;
}

/** Declares --format, and in the help after the command's the fields that it can name. */
export function declareFormat<T>(command: Command, view?: View<T>): Command {
  command.option("--format <template>", "print by a template: json, or {{.Field}}; table TEMPLATE");
  if (view !== undefined) command.addHelpText("after", `\nFields: ${Object.keys(view).join(", ")}`);
  return command;
}

/** Declares --filter, and in the help after the command's its keys. */
export function declareFilter<T>(command: Command, keys: FilterKeys<T>): Command {
  const about = "only those that fit; repeatable";
  return command
    .addOption(new FilterOption("-f, --filter <key=value>", about, offersOf(keys)))
    .addHelpText("after", `\nFilters: ${Object.keys(keys).join(", ")}`);
}

/** Declares what every list has. */
export function declareListOptions<Row, T = Row>(
  command: Command,
  view: View<Row>,
  keys: FilterKeys<T>,
): Command {
  command.option("--json", "print JSON").option("--no-trunc", "leave nothing out of long values");
  return declareFormat(declareFilter(command, keys), view);
}
