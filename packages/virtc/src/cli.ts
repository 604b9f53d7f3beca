import { Command, CommanderError } from "commander";
import { commandNames, commands } from "./commands/table.ts";
import type { Context } from "./context.ts";
import { explain } from "./errors/explain.ts";
import { exitCodeOf, report } from "./errors/report.ts";
import { version } from "./version.ts";

/** Runs one command line and gives its exit code; never throws. */
export async function runCli(argv: readonly string[], context: Context): Promise<number> {
  const chosen = commandOf(argv);
  try {
    await buildProgram(context, chosen).parseAsync(argv.length === 0 ? ["--help"] : [...argv], {
      from: "user",
    });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    report(explain(error, chosen), context);
    return exitCodeOf(error);
  }
}

/** The program with the definition of one command, or of all if the name is none of them. */
export function buildProgram(context: Context, chosen?: string): Command {
  const program = new Command("virtc")
    .description("Runs containers inside small virtual machines.")
    .usage("[options] <command>")
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ subcommandTerm: (command) => command.name() })
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
  const known = chosen !== undefined && isCommand(chosen) && chosen !== completer;
  for (const name of known ? [chosen] : commandNames) commands[name]?.(program, context);
  return program;
}

/** What the completion scripts call; it looks at all commands. */
const completer = "__complete";

function isCommand(name: string): boolean {
  return Object.hasOwn(commands, name);
}

/** The command's name, if nothing but --log-level stands before it. */
export function commandOf(argv: readonly string[]): string | undefined {
  let at = 0;
  for (;;) {
    const arg = argv[at];
    if (arg === "--log-level") at += 2;
    else if (arg?.startsWith("--log-level=")) at += 1;
    else return arg?.startsWith("-") ? undefined : arg;
  }
}
