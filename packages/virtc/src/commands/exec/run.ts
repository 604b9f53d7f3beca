import { isAbsolute } from "node:path";
import type { Cmd } from "virtcontainers";
import { keysOf } from "../../args/detach-keys.ts";
import { parseEnv } from "../../args/env.ts";
import type { Context } from "../../context.ts";
import { OutputBroken } from "../../errors/output-broken.ts";
import { badValue } from "../../errors/usage.ts";
import type { SandboxHandle } from "../../library.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { attach, type Ending } from "../../terminal/attach.ts";
import { terminalSize } from "../../terminal/raw.ts";
import { requireTerminal } from "../../terminal/require-terminal.ts";
import { SignalRelay } from "../../terminal/signals.ts";
import type { ExecOptions } from "./options.ts";

/** How long to wait for more output when the command has ended but a child of it holds its output open. */
const lingerMs = 1000;

/** Runs a command in a running container; gives the exit code for the shell. */
export async function exec(
  name: string,
  args: readonly string[],
  options: ExecOptions,
  context: Context,
): Promise<number> {
  requireTerminal(options, context);
  keysOf(options);
  const cmd = await command(args, options, context);
  const relay = new SignalRelay(context.signals);
  const { signal } = relay;
  try {
    const library = await context.library();
    const sandbox = await relay.race(library.fetchSandbox(name, { signal }));
    const id = pickContainer(name, sandbox.containers(), options.container);
    const { process } = await relay.race(sandbox.enterContainer(id, cmd, { signal }));
    const code = options.detach
      ? 0
      : exitCode(await stay(sandbox, id, process.token, options, relay, context));
    await sandbox.release();
    return code;
  } catch (error) {
    throw relay.causeOf(error);
  } finally {
    relay[Symbol.dispose]();
  }
}

async function command(
  args: readonly string[],
  options: ExecOptions,
  context: Context,
): Promise<Cmd> {
  const { workdir, user, tty, interactive, detach } = options;
  if (workdir !== undefined && !isAbsolute(workdir)) {
    throw badValue("--workdir", workdir, "it must be an absolute path");
  }
  const envs = await parseEnv(options.env, options.envFile, context.env);
  const size = tty ? terminalSize(context.stdout) : undefined;
  return {
    args: [...args],
    envs: envs.length > 0 ? envs : undefined,
    workDir: workdir,
    user,
    terminal: tty,
    consoleSize: size && { height: size.rows, width: size.columns },
    interactive,
    detach,
  };
}

async function stay(
  sandbox: SandboxHandle,
  id: string,
  token: string,
  options: ExecOptions,
  relay: SignalRelay,
  context: Context,
): Promise<Ending> {
  const exited = sandbox.waitProcess(id, token);
  exited.catch(() => {});
  const session = {
    io: await sandbox.ioStream(id, token),
    exited,
    signal: (name: NodeJS.Signals, silence?: AbortSignal) =>
      sandbox.signalProcess(id, token, name, false, { signal: silence }),
    resize: (height: number, width: number) => sandbox.winsizeProcess(id, token, height, width),
  };
  const { tty = false, interactive = false } = options;
  const detachKeys = keysOf(options);
  try {
    const ending = await attach(
      session,
      { tty, interactive, detachKeys, lingerMs },
      relay,
      context,
    );
    if (ending.kind === "detached") await relay.race(sandbox.setOutput(id, token, "discard"));
    return ending;
  } catch (error) {
    if (error instanceof OutputBroken) await session.signal("SIGKILL").catch(() => {});
    throw error;
  }
}

function exitCode(ending: Ending): number {
  return ending.kind === "exited" ? ending.code : 0;
}
