import { PassThrough } from "node:stream";
import type { Command, CommandOutput, CommandRun } from "./command.ts";
import { parseScript, ScriptError, type SimpleCommand, type Word } from "./shell-parse.ts";

type Programs = ReadonlyMap<string, Command | "not-executable">;

/** Raised by `exit`. */
class Exit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

/**
 * `sh`, as far as tests need one: `;`, newlines, `&&`, `||`, `|`, quotes, `$NAME`, `$?`, assignments, `exit`,
 * `>&2`, `2>&1` and `>/dev/null`. What it does not know ends it with 2 and a message that says so. On a
 * terminal it runs one line after the other, and goes on past what it does not know.
 */
export function shell(programs: Programs): Command {
  return async (run) => {
    const typed = run.args[0] !== "-c" && run.terminal !== undefined;
    const shell = new Shell(programs, typed ? { ...run, stdin: nothing() } : run);
    const ended = async (script: string): Promise<number | undefined> => {
      try {
        await shell.script(script);
      } catch (error) {
        if (error instanceof Exit) return error.code;
        if (!(error instanceof ScriptError)) throw error;
        await run.stderr.write(`sh: ${error.message}\n`);
        shell.status = 2;
      }
    };
    if (run.args[0] === "-c") return (await ended(run.args[1] ?? "")) ?? shell.status;
    if (run.terminal === undefined) return (await ended(await readAll(run.stdin))) ?? shell.status;
    for await (const line of linesOf(run.stdin)) {
      const code = await ended(line);
      if (code !== undefined) return code;
    }
    return shell.status;
  };
}

class Shell {
  readonly #programs: Programs;
  readonly #run: CommandRun;
  readonly #env: Record<string, string>;
  status = 0;

  constructor(programs: Programs, run: CommandRun) {
    this.#programs = programs;
    this.#run = run;
    this.#env = { ...run.env };
  }

  async script(text: string): Promise<void> {
    for (const { after, pipeline } of parseScript(text)) {
      if (after !== undefined && after !== (this.status === 0)) continue;
      await this.pipeline(pipeline);
    }
  }

  /** Runs commands side by side, each reading what the one before it writes. */
  async pipeline(commands: readonly SimpleCommand[]): Promise<void> {
    let stdin = this.#run.stdin;
    const running: Promise<number>[] = [];
    for (const [index, command] of commands.entries()) {
      const last = index === commands.length - 1;
      const pipe = last ? undefined : new PassThrough();
      const stdout = pipe === undefined ? this.#run.stdout : into(pipe);
      const input = stdin;
      running.push(this.#simple(command, input, stdout).finally(() => pipe?.end()));
      if (pipe !== undefined) stdin = pipe;
    }
    const codes = await Promise.all(running);
    this.status = codes.at(-1) ?? 0;
  }

  async #simple(
    command: SimpleCommand,
    stdin: AsyncIterable<Uint8Array>,
    pipe: CommandOutput,
  ): Promise<number> {
    const words = command.words.map((word) => this.#expand(word));
    const env = { ...this.#env };
    const assigned = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
    const count = assigned < 0 ? words.length : assigned;
    for (const word of words.slice(0, count)) {
      const at = word.indexOf("=");
      const target = count === words.length ? this.#env : env;
      target[word.slice(0, at)] = word.slice(at + 1);
    }
    const argv = words.slice(count);
    const [name = ""] = argv;
    if (argv.length === 0) return 0;
    if (name === "exit") throw new Exit(Number(argv[1] ?? this.status) & 255);
    const stderr = command.stderr === "stdout" ? pipe : sink(command.stderr, this.#run.stderr);
    const stdout = command.stdout === "stderr" ? stderr : sink(command.stdout, pipe);
    const program = this.#programs.get(name.split("/").at(-1) ?? name);
    if (typeof program === "function") {
      return await program({ ...this.#run, argv, args: argv.slice(1), env, stdin, stdout, stderr });
    }
    const why = program === undefined ? "not found" : "Permission denied";
    await stderr.write(`sh: ${name}: ${why}\n`);
    return program === undefined ? 127 : 126;
  }

  #expand(word: Word): string {
    return word
      .map((part) => {
        if (typeof part === "string") return part;
        if (part.name === "?") return String(this.status);
        return (Object.hasOwn(this.#env, part.name) ? this.#env[part.name] : undefined) ?? "";
      })
      .join("");
  }
}

function sink(target: "null" | "stdout" | "stderr" | undefined, own: CommandOutput): CommandOutput {
  return target === "null" ? { write: async () => {} } : own;
}

function into(pipe: PassThrough): CommandOutput {
  return {
    write: (data) => new Promise((resolve) => pipe.write(data, () => resolve())),
  };
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** What is typed is the shell's, and not its commands'. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

/** Lines as they are typed. */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of input) {
    const lines = `${rest}${Buffer.from(chunk)}`.split(/[\r\n]/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  yield rest;
}
