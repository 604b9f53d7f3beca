import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface RunOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  /** Called with every line of stdout and stderr. */
  onLine?: (line: string) => void;
}

export class CommandError extends Error {
  readonly output: string;

  constructor(command: string, reason: string, output: string) {
    super(`${command}: ${reason}${output ? `\n${indent(output)}` : ""}`);
    this.name = "CommandError";
    this.output = output;
  }
}

const tailLines = 30;

/** Runs a program to its end and gives its stdout. Throws CommandError with the last lines it printed. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const tail: string[] = [];
  const stdout: string[] = [];
  const note = (line: string) => {
    options.onLine?.(line);
    tail.push(line);
    if (tail.length > tailLines) tail.shift();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout.push(line);
    note(line);
  });
  createInterface({ input: child.stderr }).on("line", note);
  const name = [program, ...args.slice(0, 3)].join(" ");
  const code = await new Promise<number | string>((resolve, reject) => {
    child.on("error", (cause) => reject(new CommandError(name, cause.message, "")));
    child.on("close", (status, signal) => resolve(status ?? signal ?? "unknown"));
  });
  if (code !== 0) throw new CommandError(name, `ended with ${code}`, tail.join("\n"));
  return stdout.join("\n");
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
