import type { Duplex } from "node:stream";
import {
  decodeRequest,
  type EncodedFrame,
  encodeErrorResponse,
  encodeResponse,
  type RequestEnvelope,
} from "./envelope.ts";
import { TtrpcError } from "./error.ts";
import { FRAME_REQUEST, type Frame, type FrameHeader, HEADER_BYTES } from "./frame.ts";
import { FrameDecoder } from "./frame-decoder.ts";
import { FrameWriter } from "./frame-writer.ts";
import { ServerCall } from "./server-call.ts";
import type { ServiceRouter } from "./service-router.ts";

export interface ServerLimits {
  maxMessageBytes: number;
  maxConcurrentCalls: number;
}

/** While this many answers wait for the client to read, no further request is read. */
const MAX_WAITING_RESPONSES = 16;

/** The server's end of one stream. */
export class ServerConnection {
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #router: ServiceRouter;
  readonly #limits: ServerLimits;
  readonly #writer: FrameWriter;
  readonly #decoder: FrameDecoder;
  readonly #calls = new Map<number, ServerCall>();
  #open = true;
  #settleClosed!: () => void;

  constructor(stream: Duplex, router: ServiceRouter, limits: ServerLimits) {
    this.#stream = stream;
    this.#router = router;
    this.#limits = limits;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#writer = new FrameWriter(stream);
    this.#decoder = new FrameDecoder((frame) => this.#receive(frame), {
      maxMessageBytes: limits.maxMessageBytes,
      onOversize: (header) => this.#refuseOversize(header),
    });
    this.#listen();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#writer.clear();
    this.#stream.destroy();
    for (const call of this.#calls.values()) {
      call.abort(new TtrpcError("cancelled", "the client's stream has ended"));
    }
    this.#calls.clear();
    this.#settleClosed();
  }

  #listen(): void {
    const stream = this.#stream;
    const close = () => this.close();
    stream.on("error", close).on("close", close).on("end", close);
    stream.on("drain", () => {
      if (this.#writer.waiting <= MAX_WAITING_RESPONSES) stream.resume();
    });
    if (stream.destroyed || stream.readableEnded) {
      this.close();
      return;
    }
    stream.on("data", (chunk: Uint8Array) => {
      try {
        if (this.#open) this.#decoder.push(chunk);
      } catch {
        this.close();
      }
    });
    // A stream that was paused explicitly, after a handshake say, does not flow by itself.
    stream.resume();
  }

  #receive({ header, body }: Frame): void {
    if (!this.#open) return;
    if (header.type !== FRAME_REQUEST) {
      throw new TtrpcError("internal", `protocol violation: frame of type ${header.type}`);
    }
    try {
      this.#accept(header, decodeRequest(body));
    } catch (reason) {
      this.#answer(header.streamId, TtrpcError.from(reason, "internal"));
    }
  }

  #accept({ streamId, flags }: FrameHeader, request: RequestEnvelope): void {
    if (streamId % 2 === 0) {
      throw new TtrpcError("invalid_argument", `stream id ${streamId} is even, it must be odd`);
    }
    if (this.#calls.has(streamId)) {
      throw new TtrpcError("invalid_argument", `stream id ${streamId} is in use`);
    }
    if (flags !== 0) {
      throw new TtrpcError("unimplemented", "streaming calls are not supported");
    }
    if (this.#calls.size >= this.#limits.maxConcurrentCalls) {
      throw new TtrpcError(
        "resource_exhausted",
        `more than ${this.#limits.maxConcurrentCalls} calls are under way`,
      );
    }
    const call = new ServerCall(request);
    this.#calls.set(streamId, call);
    void call.run(this.#router).then((answer) => {
      this.#calls.delete(streamId);
      this.#answer(streamId, answer);
    });
  }

  #refuseOversize(header: FrameHeader): void {
    const limit = this.#limits.maxMessageBytes;
    const text = `the message has ${header.length} bytes, at most ${limit} are allowed`;
    this.#answer(header.streamId, new TtrpcError("invalid_argument", text));
  }

  #answer(streamId: number, answer: Uint8Array | TtrpcError): void {
    if (!this.#open) return;
    this.#writer.send(streamId, this.#encode(streamId, answer));
    if (this.#writer.waiting > MAX_WAITING_RESPONSES) this.#stream.pause();
  }

  #encode(streamId: number, answer: Uint8Array | TtrpcError): EncodedFrame {
    if (answer instanceof TtrpcError) return encodeErrorResponse(streamId, answer);
    const frame = encodeResponse(streamId, answer);
    const length = frame[0].length - HEADER_BYTES + frame[1].length;
    const limit = this.#limits.maxMessageBytes;
    if (length <= limit) return frame;
    const text = `the answer takes ${length} bytes, at most ${limit} can be sent`;
    return encodeErrorResponse(streamId, new TtrpcError("resource_exhausted", text));
  }
}
