import type { Duplex } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { MAX_MESSAGE_BYTES } from "./frame.ts";
import { ServerConnection } from "./server-connection.ts";
import { type ServiceImplementation, ServiceRouter } from "./service-router.ts";

export interface TtrpcServerOptions {
  /** The longest message accepted or sent, in bytes. Default: 4 MiB, the protocol's limit. */
  maxMessageBytes?: number;
  /** How many calls one stream may have under way; more are answered `resource_exhausted`. Default: 1024. */
  maxConcurrentCalls?: number;
}

/** One stream that is being served. */
export interface Serving {
  /** Settles when the stream has ended. Never rejects. */
  readonly closed: Promise<void>;
  /** Ends the stream and aborts the calls under way. Harmless when repeated. */
  close(): void;
}

/** Answers calls with the handlers registered, over any number of streams, all calls concurrently. */
export class TtrpcServer {
  readonly #router = new ServiceRouter();
  readonly #maxMessageBytes: number;
  readonly #maxConcurrentCalls: number;

  constructor(options: TtrpcServerOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES;
    this.#maxConcurrentCalls = options.maxConcurrentCalls ?? 1024;
  }

  /**
   * Adds a service. A handler answers by returning, or by throwing a TtrpcError;
   * another error reaches the client as `internal` with its message.
   *
   * @throws TtrpcError `already_exists` if the service was registered before.
   */
  register<S extends DescService>(service: S, implementation: ServiceImplementation<S>): this {
    this.#router.register(service, implementation);
    return this;
  }

  /** Serves one stream until it ends. The stream belongs to the server from then on. */
  serve(stream: Duplex): Serving {
    return new ServerConnection(stream, this.#router, {
      maxMessageBytes: this.#maxMessageBytes,
      maxConcurrentCalls: this.#maxConcurrentCalls,
    });
  }
}
