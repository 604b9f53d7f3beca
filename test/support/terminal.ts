import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";

/** A program on a pseudo terminal, by script(1). */
export class Terminal {
  readonly #child: ChildProcessWithoutNullStreams;
  #device = "";
  /** The exit code. */
  readonly ended: Promise<number | null>;
  #text = "";

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
    this.ended = once(child, "close").then(() => child.exitCode);
  }

  /** Starts the program once the terminal has its size. */
  static async open(
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    size = { rows: 24, columns: 80 },
  ): Promise<Terminal> {
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const shell = `stty rows ${size.rows} cols ${size.columns}; tty; ${quoted}; c=$?; stty -a; exit $c`;
    const terminal = new Terminal(spawn("script", ["-qefc", shell, "/dev/null"], { env }));
    const [, device = ""] = await terminal.until(/^(\/dev\/pts\/\d+)\r\n/);
    terminal.#device = device;
    return terminal;
  }

  get device(): string {
    return this.#device;
  }

  /** All that was shown so far. */
  get text(): string {
    return this.#text;
  }

  /** What stty(1) told of the terminal after the program's end. */
  get settings(): string {
    return /speed \d+ baud;.*/s.exec(this.#text)?.[0] ?? "";
  }

  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** The terminal goes away with its program. */
  async close(): Promise<void> {
    this.#child.kill();
    await this.ended;
  }

  async resize(rows: number, columns: number): Promise<void> {
    await this.stty("rows", `${rows}`, "cols", `${columns}`);
  }

  /** Runs stty(1) on the terminal. */
  async stty(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("stty", ["-F", this.#device, ...args]);
    return stdout;
  }

  /** Waits until the pattern was shown. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found;
      if (this.#child.exitCode !== null) {
        throw new Error(`the program ended without showing ${pattern}; it showed: ${this.#text}`);
      }
      const first = new AbortController();
      const { signal } = first;
      const news = [
        once(this.#child.stdout, "data", { signal }),
        once(this.#child, "close", { signal }),
      ];
      await Promise.race(news);
      for (const other of news) other.catch(() => {});
      first.abort();
    }
  }
}
