import { type Argument, type Command, Option } from "commander";
import type { Context } from "../../context.ts";
import { FilterOption } from "../../listing/filter-option.ts";
import { type Candidate, type Place, valuesFor } from "./values.ts";

/** What can stand for the last of the words; the others come before it on the command line. */
export async function complete(
  program: Command,
  words: readonly string[],
  context: Context,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? "";
  const found = await candidates(walk(program, words.slice(0, -1)), current, context);
  return found.filter(({ text }) => text.startsWith(current) || text === ":files");
}

interface Cursor {
  command: Command;
  /** The option whose value stands at the cursor. */
  option: Option | undefined;
  /** The arguments that stand before the cursor. */
  before: string[];
}

function walk(program: Command, before: readonly string[]): Cursor {
  const cursor: Cursor = { command: program, option: undefined, before: [] };
  for (const word of before) {
    if (cursor.option) cursor.option = undefined;
    else if (word.startsWith("-") && !inCommand(cursor)) {
      const option = optionNamed(cursor.command, word);
      if (option && takesValue(option)) cursor.option = option;
    } else {
      const next = cursor.command.commands.find(
        (command) => command.name() === word || command.aliases().includes(word),
      );
      if (next) cursor.command = next;
      else cursor.before.push(word);
    }
  }
  return cursor;
}

async function candidates(cursor: Cursor, current: string, context: Context): Promise<Candidate[]> {
  const { command, option, before } = cursor;
  if (option) return await valuesFor(placeOf(option, cursor), context);
  if (inCommand(cursor)) return [{ text: ":files", about: "" }];
  const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(current) ?? [];
  if (name !== undefined && value !== undefined) {
    const given = optionNamed(command, name);
    if (!given) return [];
    const values = await valuesFor(placeOf(given, cursor), context);
    return values.map(({ text, about }) => ({ text: `${name}=${text}`, about }));
  }
  if (current.startsWith("-")) return optionsOf(command);
  if (command.commands.length > 0) return subcommands(command, current);
  const argument = argumentAt(command, before.length);
  return argument ? await valuesFor(placeOf(argument, cursor), context) : [];
}

/** True where the words belong to the container's command. */
function inCommand({ command, before }: Cursor): boolean {
  return before.length > 0 && argumentAt(command, before.length)?.name() === "command";
}

function argumentAt(command: Command, position: number): Argument | undefined {
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic ? last : undefined);
}

function optionNamed(command: Command, word: string): Option | undefined {
  return command.options.find((option) => option.long === word || option.short === word);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ text: long, about: description }] : []));
}

/** By their names; by their other names where no name begins so. */
function subcommands(command: Command, current: string): Candidate[] {
  const shown = command.commands.filter((sub) => !sub.name().startsWith("_"));
  const named = shown.map((sub) => ({ text: sub.name(), about: sub.summary() }));
  if (named.some(({ text }) => text.startsWith(current))) return named;
  return shown.flatMap((sub) => sub.aliases().map((text) => ({ text, about: sub.summary() })));
}

function placeOf(place: Option | Argument, { command, before }: Cursor): Place {
  const choices = place instanceof FilterOption ? place.offered : (place.argChoices ?? []);
  const named = command.registeredArguments[0]?.name() === "sandbox" ? before[0] : undefined;
  if (place instanceof Option)
    return { name: place.name(), choices, inSandbox: true, sandbox: before[0] };
  return { name: place.name(), choices, inSandbox: named !== undefined, sandbox: named };
}
