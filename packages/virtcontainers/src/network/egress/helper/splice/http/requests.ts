import { Transform, type TransformCallback } from "node:stream";
import { Body } from "./body.ts";
import { readHead } from "./head.ts";

const maxHeadBytes = 32 * 1024;

interface Checks {
  /** What is wrong with a request to a host; undefined if it may pass. */
  refusal(name: string): string | undefined;
  /** Whether the server has changed to the protocol that the first request asked for. */
  switched(): Promise<boolean>;
}

/** Lets the requests of a connection through, each of them when its head has been looked at; fails with why not. */
export class Requests extends Transform {
  readonly #checks: Checks;
  #head = Buffer.alloc(0);
  #body: Body | undefined;
  #first = true;
  #opaque = false;

  constructor(checks: Checks) {
    super();
    this.#checks = checks;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pass(chunk).then(
      () => done(),
      (error: Error) => done(error),
    );
  }

  async #pass(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#opaque) {
        this.push(rest);
        return;
      }
      rest =
        this.#body === undefined ? await this.#readHead(rest) : this.#readBody(rest, this.#body);
    }
  }

  #readBody(bytes: Buffer, body: Body): Buffer {
    const taken = body.take(bytes);
    if (typeof taken === "object") throw new Error(taken.wrong);
    this.push(bytes.subarray(0, taken));
    if (body.over) this.#body = undefined;
    return bytes.subarray(taken);
  }

  /** Gives what comes after it. */
  async #readHead(bytes: Buffer): Promise<Buffer> {
    const from = Math.max(0, this.#head.length - 3);
    const all = Buffer.concat([this.#head, bytes]);
    const end = all.indexOf("\r\n\r\n", from, "latin1");
    if ((end < 0 ? all.length : end) > maxHeadBytes) throw new Error("its head is too long");
    if (end < 0) {
      this.#head = all;
      return Buffer.alloc(0);
    }
    this.#head = Buffer.alloc(0);
    const head = readHead(all.toString("latin1", 0, end));
    const wrong = "wrong" in head ? head.wrong : this.#checks.refusal(head.name);
    if ("wrong" in head || wrong !== undefined) throw new Error(wrong);
    if (head.webSocket && !this.#first)
      throw new Error("only a first request can ask for a WebSocket");
    this.#first = false;
    this.push(Buffer.from(head.text, "latin1"));
    if (head.webSocket) this.#opaque = await this.#checks.switched();
    const body = new Body(head.body);
    if (!body.over) this.#body = body;
    return all.subarray(end + 4);
  }
}
