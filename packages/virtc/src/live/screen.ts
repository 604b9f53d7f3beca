import type { Context } from "../context.ts";
import { paint } from "../output/colour.ts";
import { terminalSize } from "../terminal/raw.ts";

/** What is shown at one moment: lines, one of which is the header of a table. */
export interface Frame {
  lines: readonly string[];
  /** Which line is the header. */
  header: number;
}

const enter = "\u001b[?1049h\u001b[?25l";
const leave = "\u001b[?25h\u001b[?1049l";

/** The whole terminal, redrawn again and again; what stood there before comes back at the end. */
export class Screen {
  readonly #context: Context;
  readonly #restore = () => void this.#context.stdout.write(leave);

  constructor(context: Context) {
    this.#context = context;
    context.stdout.write(enter);
    process.on("exit", this.#restore);
  }

  draw({ lines, header }: Frame): void {
    const { stdout, env } = this.#context;
    const { rows, columns } = terminalSize(stdout);
    const shown = lines.slice(0, rows).map((line, index) => {
      const cut = line.slice(0, columns);
      return index === header ? paint("bold", cut, stdout, env) : cut;
    });
    stdout.write(`\u001b[H${shown.map((line) => `${line}\u001b[K`).join("\r\n")}\u001b[J`);
  }

  end(): void {
    process.off("exit", this.#restore);
    this.#restore();
  }
}

/** The frame as plain text. */
export function plain({ lines }: Frame): string {
  return lines.map((line) => `${line}\n`).join("");
}
