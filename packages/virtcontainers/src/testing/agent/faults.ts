import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type CallContext, type StatusCode, TtrpcError } from "@virtcontainers/ttrpc";
import { drained } from "../../drained.ts";

/** One thing that goes wrong in the guest agent. */
export interface AgentFault {
  /** The method as in the .proto, such as `CreateContainer`; `HELLO` for the opening of a connection; `*` for each call. */
  at: string;
  /** The call that it strikes, from 1; default: each. */
  nth?: number | undefined;
  does:
    | { kind: "delay"; ms: number }
    /** Goes on when the promise settles. */
    | { kind: "wait"; until: Promise<unknown> }
    /** Tells the test that the call has come, and goes on. */
    | { kind: "call"; back: () => void }
    /** Never answers. */
    | { kind: "hang" }
    | { kind: "error"; code: StatusCode; message?: string | undefined }
    /** Closes the connection instead of answering. */
    | { kind: "cut" }
    /** Sends these bytes instead of a proper answer, and never answers. */
    | { kind: "bytes"; data: FaultBytes }
    /** Sends these bytes before the proper answer. */
    | { kind: "before"; data: FaultBytes };
}

/** Bytes at once, in pieces, or in pieces with time between. */
export type FaultBytes = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Counts the calls of an agent and lets its faults strike. */
export class Faults {
  readonly #faults: readonly AgentFault[];
  readonly #counts = new Map<string, number>();

  /** The list may be changed at any time. */
  constructor(faults: readonly AgentFault[]) {
    this.#faults = faults;
  }

  /** How often a method was called. */
  count(method: string): number {
    return this.#counts.get(method) ?? 0;
  }

  /** Rejects, or never settles before the signal, if the call is not to be answered. */
  async strike(method: string, stream: Duplex, signal: AbortSignal): Promise<void> {
    const count = this.count(method) + 1;
    this.#counts.set(method, count);
    for (const fault of this.#faults) {
      const hit = fault.at === method || (fault.at === "*" && method !== "HELLO");
      if (hit && (fault.nth ?? count) === count) await act(fault, stream, signal);
    }
  }

  /** A handler that is struck before it runs. */
  wrap<I, O>(
    method: string,
    stream: Duplex,
    handler: (request: I, context: CallContext) => O | Promise<O>,
  ): (request: I, context: CallContext) => Promise<O> {
    return async (request, context) => {
      await this.strike(method, stream, context.signal);
      return await handler(request, context);
    };
  }
}

async function act({ does }: AgentFault, stream: Duplex, signal: AbortSignal): Promise<void> {
  switch (does.kind) {
    case "delay":
      await sleep(does.ms, undefined, { signal });
      return;
    case "wait":
      await does.until;
      return;
    case "call":
      does.back();
      return;
    case "error":
      throw new TtrpcError(does.code, does.message ?? "a fault that a test asked for");
    case "cut":
      stream.end(() => stream.destroy());
      break;
    case "before":
      await send(stream, does.data);
      return;
    case "bytes":
      await send(stream, does.data);
      break;
    case "hang":
  }
  await aborted(signal);
}

async function send(stream: Duplex, data: FaultBytes): Promise<void> {
  for await (const piece of data instanceof Uint8Array ? [data] : data) {
    if (stream.destroyed) return;
    if (!stream.write(piece)) await drained(stream);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
