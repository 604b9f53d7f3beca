import type { Duplex } from "node:stream";
import * as v from "valibot";
import { Deadline } from "../../deadline.ts";
import { printable, VirtError } from "../../errors.ts";
import { withErrorListener } from "../../host/error-listener.ts";
import type { PassingSocket } from "../../host/host.ts";
import { readLines } from "./reader.ts";

const Greeting = v.object({ QMP: v.object({ capabilities: v.array(v.unknown()) }) });
const Answer = v.union([
  v.object({ id: v.number(), return: v.unknown() }),
  v.object({ id: v.number(), error: v.object({ class: v.string(), desc: v.string() }) }),
]);
const Event = v.object({ event: v.string(), data: v.optional(v.record(v.string(), v.unknown())) });
export type QmpEvent = v.InferOutput<typeof Event>;

/** A command's own time limit, beside the caller's; QEMU answers all that we ask for at once. */
const commandTimeoutMs = 30_000;

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * A client of QEMU's machine protocol over one stream. QEMU serves one client at a time, so it is opened
 * for an operation and closed after. docs/interop/qmp-spec.txt of QEMU.
 */
export class Qmp implements Disposable {
  readonly #stream: Duplex;
  readonly #send: PassingSocket["send"] | undefined;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<(event: QmpEvent) => void>();
  #lastId = 0;
  #ended: VirtError | undefined;
  #greeted: Pending | undefined;

  private constructor(stream: Duplex, send: PassingSocket["send"] | undefined) {
    this.#stream = withErrorListener(stream);
    this.#send = send;
  }

  /** Reads the greeting and leaves the negotiation mode. Closes the stream if that fails. With `send`, descriptors can be passed. */
  static async open(
    stream: Duplex,
    signal: AbortSignal,
    send?: PassingSocket["send"],
  ): Promise<Qmp> {
    const qmp = new Qmp(stream, send);
    try {
      using deadline = new Deadline({ signal }, commandTimeoutMs, "QMP greeting");
      const greeting = new Promise<unknown>((resolve, reject) => {
        qmp.#greeted = { resolve, reject };
      });
      void qmp.#read();
      await deadline.race(greeting);
      await qmp.execute("qmp_capabilities", {}, signal);
      return qmp;
    } catch (error) {
      qmp[Symbol.dispose]();
      throw error;
    }
  }

  /** HYPERVISOR_FAILED with QEMU's own words if it refuses; TIMEOUT after 30 s. `fd` goes along with the command. */
  async execute(command: string, args: object, signal: AbortSignal, fd?: number): Promise<unknown> {
    if (this.#ended !== undefined) throw this.#ended;
    using deadline = new Deadline({ signal }, commandTimeoutMs, `QMP ${command}`);
    deadline.check();
    const id = ++this.#lastId;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    try {
      this.#write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`, fd);
      return await deadline.race(answer);
    } catch (error) {
      if (!(error instanceof QmpRefusal)) throw error;
      throw new VirtError("HYPERVISOR_FAILED", `QEMU refused ${command}: ${error.message}`, {
        cause: error,
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  #write(line: string, fd: number | undefined): void {
    if (fd === undefined) {
      this.#stream.write(line);
      return;
    }
    try {
      if (this.#send === undefined) throw new Error("this connection passes no descriptors");
      this.#send(Buffer.from(line), fd);
    } catch (error) {
      throw connectionLost("QEMU could not be handed an open file", error);
    }
  }

  /** Begins to watch now; the promise settles with the first event that `matches`. */
  waitEvent(matches: (event: QmpEvent) => boolean, signal: AbortSignal): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const finish = (act: () => void): void => {
        this.#pending.delete(id);
        this.#listeners.delete(listener);
        signal.removeEventListener("abort", onAbort);
        act();
      };
      const listener = (event: QmpEvent): void => {
        if (matches(event)) finish(() => resolve(event));
      };
      const onAbort = (): void => finish(() => reject(signal.reason));
      if (this.#ended !== undefined) return reject(this.#ended);
      if (signal.aborted) return reject(signal.reason);
      this.#listeners.add(listener);
      signal.addEventListener("abort", onAbort, { once: true });
      // No answer has this id; the entry makes the end of the stream end the wait too.
      this.#pending.set(id, { resolve: () => {}, reject: (error) => finish(() => reject(error)) });
    });
  }

  [Symbol.dispose](): void {
    this.#end(connectionLost("the QMP connection was closed"));
  }

  async #read(): Promise<void> {
    try {
      for await (const line of readLines(this.#stream)) this.#take(line);
      this.#end(connectionLost("QEMU closed its QMP connection"));
    } catch (error) {
      this.#end(
        error instanceof VirtError ? error : connectionLost("the QMP connection broke", error),
      );
    }
  }

  #take(line: string): void {
    const message = parseJson(line);
    if (this.#greeted !== undefined) {
      if (!v.is(Greeting, message)) throw nonsense(line);
      this.#greeted.resolve(undefined);
      this.#greeted = undefined;
      return;
    }
    const event = v.safeParse(Event, message);
    if (event.success) {
      for (const listener of [...this.#listeners]) listener(event.output);
      return;
    }
    const answer = v.safeParse(Answer, message);
    if (!answer.success) throw nonsense(line);
    const pending = this.#pending.get(answer.output.id);
    // An answer to a call that was given up is nobody's.
    if ("error" in answer.output) pending?.reject(new QmpRefusal(answer.output.error.desc));
    else pending?.resolve(answer.output.return);
  }

  #end(error: VirtError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#stream.destroy();
    this.#greeted?.reject(error);
    for (const { reject } of [...this.#pending.values()]) reject(error);
  }
}

class QmpRefusal extends Error {
  override readonly name = "QmpRefusal";
  constructor(description: string) {
    super(printable(description).slice(0, 1000));
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw nonsense(line);
  }
}

function nonsense(line: string): VirtError {
  const start = printable(line.slice(0, 80));
  return new VirtError("HYPERVISOR_FAILED", `QEMU sent what is not QMP: ${start}`);
}

/** The phase of errors that say that QEMU's end of the connection went. */
export const connectionPhase = "qmp.connection";

function connectionLost(message: string, cause?: unknown): VirtError {
  return new VirtError("HYPERVISOR_FAILED", message, { cause, phase: connectionPhase });
}
