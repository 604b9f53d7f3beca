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
  if (!Array.isArray(argv)) {
    const shell = '["sh", "-c", "..."]';
    throw invalidArgument("argv", argv, `it must be a list of words; a shell is ${shell}`);
  }
  const checked = parse(ExecOptionsSchema, options, "options");
  const { env, cwd, user, tty, size } = checked;
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
