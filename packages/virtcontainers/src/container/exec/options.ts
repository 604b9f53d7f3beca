import { type Cmd, CmdSchema } from "../../config/cmd.ts";
import { type ExecOptions, ExecOptionsSchema } from "../../config/exec.ts";
import { invalidArgument } from "../../errors.ts";
import { parse } from "../../validate.ts";

/** The command that options of exec stand for. INVALID_ARGUMENT. */
export function execCommand(
  argv: readonly string[],
  options: ExecOptions,
  interactive: boolean,
): Cmd {
  const checked = parse(ExecOptionsSchema, options, "options");
  return commandOf(argv, checked, interactive);
}

/** What of a command is said in the same way wherever it is started. */
interface CommandFields extends Pick<ExecOptions, "env" | "cwd" | "user" | "tty" | "size"> {}

/** The command of these words, with its standard input open or not. INVALID_ARGUMENT. */
export function commandOf(
  argv: readonly string[],
  { env, cwd, user, tty, size }: CommandFields,
  interactive: boolean,
): Cmd {
  if (!Array.isArray(argv)) {
    const shell = '["sh", "-c", "..."]';
    throw invalidArgument("argv", argv, `it must be a list of words; a shell is ${shell}`);
  }
  return parse(
    CmdSchema,
    {
      args: [...argv],
      envs: Object.entries(env ?? {}).map(([name, value]) => ({ var: name, value })),
      interactive,
      ...(cwd !== undefined && { workDir: cwd }),
      ...(user !== undefined && { user }),
      ...(tty !== undefined && { terminal: tty }),
      ...(size !== undefined && { consoleSize: { height: size.rows, width: size.columns } }),
    },
    "exec",
  );
}
