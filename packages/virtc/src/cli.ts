import { Command, CommanderError, Help } from "commander";
import { commandNamed, groups } from "./commands/table.ts";
import type { Context } from "./context.ts";
import { explain } from "./errors/explain.ts";
import { exitCodeOf, report } from "./errors/report.ts";
import { version } from "./version.ts";

/** Runs one command line and gives its exit code; never throws. */
export async function runCli(argv: readonly string[], context: Context): Promise<number> {
  const words = asHelp(argv);
  const program = await buildProgram(context, commandOf(words));
  try {
    await program.parseAsync(words.length === 0 ? ["--help"] : [...words], { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    report(explain(error, pathOf(program, words)), context);
    return exitCodeOf(error);
  }
}

/** `help run` means `run --help`. */
function asHelp(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  return first === "help" ? [...rest, "--help"] : argv;
}

/** Descriptions are wrapped to the terminal's width; lists that are empty at first are no defaults to tell. */
const plainHelp = new Help();
const helpStyle: Partial<Help> = {
  subcommandTerm: (command) => command.name(),
  commandDescription: (command) => command.description().replaceAll("\n", " "),
  optionDescription: (option) =>
    Array.isArray(option.defaultValue) ? option.description : plainHelp.optionDescription(option),
};

/** The program with the definition of one command, or of all if the name is none of them. */
export async function buildProgram(context: Context, chosen?: string): Promise<Command> {
  const program = new Command("virtc")
    .description("Runs containers inside small virtual machines.")
    .usage("[options] <command>")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp(helpStyle)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => {},
    })
    .option("--log-level <level>", "log on stderr: debug, info, warn or error")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand(false)
    .addHelpText("after", "\nRun `virtc <command> --help` for a command's options and examples.")
    .hook("preAction", (root) => {
      context.logLevel = root.opts<{ logLevel?: string }>().logLevel ?? context.logLevel;
    });
  const only = commandNamed(chosen);
  if (only !== undefined && chosen !== completer) await only(program, context);
  else await defineAll(program, context);
  return program;
}

async function defineAll(program: Command, context: Context): Promise<void> {
  for (const [heading, group] of Object.entries(groups)) {
    program.commandsGroup(heading);
    for (const define of Object.values(group)) await define(program, context);
  }
}

/** What the completion scripts call; it looks at all commands. */
const completer = "__complete";

/** The command's name, if nothing but --log-level stands before it. */
export function commandOf(argv: readonly string[]): string | undefined {
  const [first] = wordsOf(argv);
  return first?.startsWith("-") ? undefined : first;
}

/** The names of the command and of the one below it that was meant, such as `image pull`. */
function pathOf(program: Command, argv: readonly string[]): string {
  const path: string[] = [];
  let command = program;
  for (const word of wordsOf(argv)) {
    const next = command.commands.find((sub) => [sub.name(), ...sub.aliases()].includes(word));
    if (next === undefined) break;
    path.push(word);
    command = next;
  }
  return path.join(" ");
}

/** What follows the options of the program itself. */
function wordsOf(argv: readonly string[]): readonly string[] {
  let at = 0;
  for (;;) {
    if (argv[at] === "--log-level") at += 2;
    else if (argv[at]?.startsWith("--log-level=")) at += 1;
    else return argv.slice(at);
  }
}
