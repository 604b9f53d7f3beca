/** Where the bytes of a pipe go. */
export type Sink = "client" | "log" | "discard";

/** What a pipe holds before its writer has to wait, as of a guest's pipes. */
const capacity = 1024 * 1024;

/** One output stream of a process in the guest: read by clients, or emptied into the log. */
export class Pipe {
  readonly #log: (data: Uint8Array) => void;
  readonly #chunks: Uint8Array[] = [];
  readonly #changes = new Set<() => void>();
  #bytes = 0;
  #acknowledged = 0;
  #held: Uint8Array = new Uint8Array();
  #ended = false;
  #sawEnd = false;
  #sink: Sink;

  constructor(sink: Sink, log: (data: Uint8Array) => void) {
    this.#sink = sink;
    this.#log = log;
  }

  get sink(): Sink {
    return this.#sink;
  }

  /** Its end has been read, or nobody is to read it. */
  get isRead(): boolean {
    return this.#ended && (this.#sawEnd || this.#sink !== "client");
  }

  /** Settles when there is room for more. */
  async write(data: Uint8Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#chunks.push(Buffer.from(data));
    this.#bytes += data.length;
    this.#empty();
    while (this.#bytes > capacity) await this.#change(signal);
  }

  /** At most `length` bytes, as soon as there are any; none at the end. */
  async read(length: number, signal: AbortSignal): Promise<Uint8Array> {
    while (this.#bytes === 0 && !this.#ended && this.#sink === "client") await this.#change(signal);
    if (this.#sink !== "client" && !this.#ended) throw new SinkError();
    this.#sawEnd ||= this.#bytes === 0;
    const data = Buffer.concat(this.#chunks);
    this.#chunks.length = 0;
    const taken = data.subarray(0, length);
    const rest = data.subarray(length);
    if (rest.length > 0) this.#chunks.push(rest);
    this.#bytes = rest.length;
    this.#tell();
    return taken;
  }

  /**
   * What begins at an offset, which acknowledges all before it; by default at what is not acknowledged. What was given and not acknowledged can be had
   * again; any other offset gives undefined.
   */
  async readAt(
    from: number | undefined,
    length: number,
    signal: AbortSignal,
  ): Promise<{ offset: number; data: Uint8Array; eof: boolean } | undefined> {
    const offset = from ?? this.#acknowledged;
    const taken = offset - this.#acknowledged;
    if (taken < 0 || taken > this.#held.length) return undefined;
    this.#held = this.#held.subarray(taken);
    this.#acknowledged = offset;
    if (this.#held.length === 0 && length > 0) this.#held = await this.read(length, signal);
    return {
      offset,
      data: this.#held.subarray(0, length),
      eof: length > 0 && this.#held.length === 0,
    };
  }

  end(): void {
    this.#ended = true;
    this.#tell();
  }

  /** What was written and not read goes to the new sink first. */
  switchTo(sink: Sink): void {
    this.#sink = sink;
    this.#empty();
  }

  #empty(): void {
    if (this.#sink !== "client") {
      if (this.#sink === "log") for (const chunk of this.#chunks) this.#log(chunk);
      this.#chunks.length = 0;
      this.#bytes = 0;
    }
    this.#tell();
  }

  #tell(): void {
    for (const change of this.#changes) change();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void): void => {
        this.#changes.delete(change);
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const change = (): void => finish(resolve);
      const onAbort = (): void => finish(() => reject(signal.reason));
      if (signal.aborted) return onAbort();
      this.#changes.add(change);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}

/** The output goes elsewhere, so a client can't read it. */
export class SinkError extends Error {
  constructor() {
    super("the output goes to another sink");
  }
}
