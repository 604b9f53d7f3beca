import type { Framing } from "./head.ts";

const maxLineBytes = 4096;
const chunkLine = /^([\da-f]{1,12})(;[\t -~]*)?\r$/i;
const lf = 10;

/** Follows the body of a request to its end. */
export class Body {
  /** Bytes of the body, or of a chunk with the end of its line, that are to come. */
  #left: number;
  readonly #chunked: boolean;
  #line = "";
  #last = false;
  #next: "size" | "data" | "end" | "over";

  constructor(framing: Framing) {
    this.#chunked = framing === "chunked";
    this.#left = framing === "chunked" ? 0 : framing;
    this.#next = framing === "chunked" ? "size" : framing === 0 ? "over" : "data";
  }

  get over(): boolean {
    return this.#next === "over";
  }

  /** How many of these bytes are the body's. */
  take(bytes: Buffer): number | { wrong: string } {
    let at = 0;
    while (at < bytes.length && this.#next !== "over") {
      if (this.#next === "data") {
        const part = Math.min(this.#left, bytes.length - at);
        this.#left -= part;
        at += part;
        if (this.#left === 0) this.#next = this.#chunked ? "end" : "over";
        continue;
      }
      const end = bytes.indexOf(lf, at);
      const stop = end < 0 ? bytes.length : end;
      if (this.#line.length + stop - at > maxLineBytes) return { wrong: "a chunk is damaged" };
      this.#line += bytes.toString("latin1", at, stop);
      at = end < 0 ? stop : stop + 1;
      if (end < 0) break;
      if (!this.#read(this.#line)) return { wrong: "a chunk is damaged" };
      this.#line = "";
    }
    return at;
  }

  /** A line between chunks, without its last byte. Trailers would be headers that nobody has looked at. */
  #read(line: string): boolean {
    if (this.#next === "end") {
      this.#next = this.#last ? "over" : "size";
      return line === "\r";
    }
    const [, size] = chunkLine.exec(line) ?? [];
    if (size === undefined) return false;
    this.#left = Number.parseInt(size, 16);
    this.#last = this.#left === 0;
    this.#next = this.#last ? "end" : "data";
    return true;
  }
}
