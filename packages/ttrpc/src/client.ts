import type { Duplex } from "node:stream";
import { AbortWatch } from "./abort-watch.ts";
import { assertCallable, type CallOptions, timeoutNano } from "./call-options.ts";
import { decodeResponse, type EncodedFrame, encodeRequest } from "./envelope.ts";
import { TtrpcError } from "./error.ts";
import { FRAME_RESPONSE, type Frame, HEADER_BYTES, MAX_MESSAGE_BYTES } from "./frame.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameWriter } from "./frame-writer.ts";
import { PendingCall } from "./pending-call.ts";

export interface TtrpcClientOptions {
  /** The longest message sent or accepted, in bytes. Default: 4 MiB, the protocol's limit. */
  maxMessageBytes?: number;
}

const LAST_STREAM_ID = 0xffffffff;

/**
 * Makes calls over one byte stream, any number at a time. The stream belongs to
 * the client from then on: it is destroyed when either side closes, and at the
 * first violation of the protocol.
 */
export class TtrpcClient implements AsyncDisposable {
  /** Settles when the stream has ended, with the error if it did not end in order. Never rejects. */
  readonly closed: Promise<TtrpcError | undefined>;
  readonly #stream: Duplex;
  readonly #writer: FrameWriter;
  readonly #decoder: FrameDecoder;
  readonly #maxMessageBytes: number;
  readonly #aborts = new AbortWatch();
  readonly #pending = new Map<number, PendingCall>();
  #nextStreamId = 1;
  #strayResponses = 0;
  #end: TtrpcError | undefined;
  #settleClosed!: (error: TtrpcError | undefined) => void;

  constructor(stream: Duplex, options: TtrpcClientOptions = {}) {
    this.#stream = stream;
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#writer = new FrameWriter(stream);
    this.#decoder = new FrameDecoder((frame) => this.#receive(frame), {
      maxMessageBytes: this.#maxMessageBytes,
    });
    this.#listen();
  }

  /** How many answers came to calls that were never made or had been given up. */
  get strayResponses(): number {
    return this.#strayResponses;
  }

  /**
   * Calls `service`/`method`; both are names as in the .proto, the service with
   * its package. The payload must not change before the call has settled; the
   * answer may be a view of a larger buffer.
   *
   * @throws TtrpcError with the status the server gave (`remote` is true), or:
   *   `deadline_exceeded`, `cancelled` (see CallOptions), `unavailable` if the
   *   stream has ended, `internal` if the server broke the protocol,
   *   `resource_exhausted` if the request is longer than the limit (nothing was
   *   sent) or stream ids have run out.
   */
  async call(
    service: string,
    method: string,
    payload: Uint8Array,
    options: CallOptions = {},
  ): Promise<Uint8Array> {
    assertCallable(options);
    if (this.#end !== undefined) throw this.#end;
    const streamId = this.#nextStreamId;
    const frame = this.#encode(streamId, service, method, payload, options);
    this.#nextStreamId += 2;

    const call = new PendingCall(`${service}/${method}`, options, this.#aborts, () => {
      this.#pending.delete(streamId);
      this.#writer.withdraw(streamId);
    });
    this.#pending.set(streamId, call);
    this.#writer.send(streamId, frame);
    return call.answer;
  }

  /** Ends the stream. Calls under way fail with `unavailable`. Harmless when repeated. */
  close(): void {
    this.#terminate(undefined, new TtrpcError("unavailable", "the client was closed"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  #encode(
    streamId: number,
    service: string,
    method: string,
    payload: Uint8Array,
    options: CallOptions,
  ): EncodedFrame {
    if (streamId > LAST_STREAM_ID) {
      throw new TtrpcError("resource_exhausted", "no stream id is left; connect anew");
    }
    const frame = encodeRequest(streamId, {
      service,
      method,
      payload,
      timeoutNano: timeoutNano(options.timeoutMs),
      metadata: Object.entries(options.metadata ?? {}),
    });
    const length = frame[0].length - HEADER_BYTES + frame[1].length;
    if (length > this.#maxMessageBytes) {
      throw new TtrpcError(
        "resource_exhausted",
        `the request of ${service}/${method} takes ${length} bytes, at most ${this.#maxMessageBytes} can be sent`,
      );
    }
    return frame;
  }

  #listen(): void {
    const stream = this.#stream;
    const lost = (cause?: unknown) => {
      const text =
        cause instanceof Error
          ? `the connection failed: ${cause.message}`
          : "the connection was closed";
      return new TtrpcError("unavailable", text, cause === undefined ? {} : { cause });
    };
    stream.on("error", (cause: unknown) => {
      const error = lost(cause);
      this.#terminate(error, error);
    });
    stream.on("close", () => this.#terminate(undefined, lost()));
    if (stream.destroyed || stream.readableEnded) {
      this.#terminate(undefined, lost());
      return;
    }
    stream.on(
      "end",
      () => this.#guard(() => this.#decoder.end()) && this.#terminate(undefined, lost()),
    );
    stream.on("data", (chunk: Uint8Array) => {
      if (this.#end === undefined) this.#guard(() => this.#decoder.push(chunk));
    });
    // A stream that was paused explicitly, after a handshake say, does not flow by itself.
    stream.resume();
  }

  /** Runs one step of the decoder; a violation of the protocol ends the stream. */
  #guard(step: () => void): boolean {
    try {
      step();
      return true;
    } catch (reason) {
      const error = TtrpcError.from(reason, "internal");
      this.#terminate(error, error);
      return false;
    }
  }

  #receive({ header, body }: Frame): void {
    if (header.type !== FRAME_RESPONSE) {
      throw new TtrpcError(
        "internal",
        `protocol violation: the server sent a frame of type ${header.type}`,
      );
    }
    const call = this.#pending.get(header.streamId);
    if (call === undefined) {
      this.#strayResponses++;
      return;
    }
    const response = decodeResponse(body);
    this.#pending.delete(header.streamId);
    if ("error" in response) call.fail(response.error);
    else call.succeed(response.payload);
  }

  #terminate(reason: TtrpcError | undefined, forCalls: TtrpcError): void {
    if (this.#end !== undefined) return;
    this.#end = forCalls;
    this.#writer.clear();
    this.#stream.destroy();
    for (const call of this.#pending.values()) call.fail(forCalls);
    this.#pending.clear();
    this.#settleClosed(reason);
  }
}
