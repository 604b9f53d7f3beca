import type { ImageProgress } from "virtcontainers";
import type { Output } from "../context.ts";
import { bytes } from "./human.ts";
import { safeLine } from "./safe.ts";

const barWidth = 24;
const redrawMs = 80;
const labels = {
  resolve: "resolving",
  download: "downloading",
  unpack: "unpacking",
  pack: "packing",
  upload: "uploading",
  done: "done",
} as const;

/** In these, bytes are counted. */
function isMoving(phase: ImageProgress["phase"]): boolean {
  return phase === "download" || phase === "upload";
}

/** One line on a terminal that shows how far a pull, import or push is. */
export class ProgressBar {
  readonly #title: string;
  readonly #to: Output;
  readonly #layers = new Map<string, { completed: number; total: number }>();
  #drawnAt = Number.NEGATIVE_INFINITY;
  #phase: ImageProgress["phase"] | undefined;
  #shown = false;

  constructor(title: string, to: Output) {
    this.#title = safeLine(title);
    this.#to = to;
  }

  update(step: ImageProgress): void {
    if (isMoving(step.phase) && step.layer !== undefined) {
      this.#layers.set(step.layer, {
        completed: step.completedBytes ?? 0,
        total: step.totalBytes ?? 0,
      });
    }
    const now = performance.now();
    if (step.phase === this.#phase && now - this.#drawnAt < redrawMs) return;
    this.#phase = step.phase;
    this.#drawnAt = now;
    this.#draw(this.line(step.phase));
  }

  /** Wipes the line. */
  end(): void {
    if (this.#shown) this.#to.write("\r\u001b[K");
    this.#shown = false;
  }

  line(phase: ImageProgress["phase"]): string {
    const head = `${labels[phase]} ${this.#title}`;
    if (!isMoving(phase)) return head;
    let completed = 0;
    let total = 0;
    for (const layer of this.#layers.values()) {
      completed += layer.completed;
      total += layer.total;
    }
    if (total === 0) return head;
    const filled = Math.min(barWidth, Math.floor((completed / total) * barWidth));
    const bar = "#".repeat(filled).padEnd(barWidth, ".");
    return `${head} [${bar}] ${bytes(completed)} of ${bytes(total)}`;
  }

  #draw(line: string): void {
    const width = (this.#to.columns ?? 80) - 1;
    this.#to.write(`\r\u001b[K${line.slice(0, width)}`);
    this.#shown = true;
  }
}
