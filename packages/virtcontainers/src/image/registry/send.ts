import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { pipeline } from "node:stream";
import {
  type AddressScope,
  isOutOfScope,
  isWithin,
  lookupWithin,
  outOfScopeError,
  scopeOf,
} from "./address-scope.ts";
import type { ResolvedRegistries } from "./config.ts";
import { Interrupted, networkFailure, registryFailure } from "./failure.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT";

/** What a request carries; read anew for each try. */
export interface Body {
  size: number;
  read(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface SendOptions {
  headers: Readonly<Record<string, string>>;
  method: Method;
  body: Body | undefined;
  /** Where the address may lie. */
  scope: AddressScope;
  signal: AbortSignal;
}

/** An answer's head, with its body still to be read. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Where it came from, behind all redirects. */
  url: URL;
  /** The widest scope of all who sent us here, and of who answered. */
  scope: AddressScope;
  /** The body; ends with Interrupted if the connection breaks or stays silent too long. */
  body(): AsyncGenerator<Uint8Array>;
  /** Drops the body. */
  discard(): Promise<void>;
}

/** Connections are kept for one scope alone: one that was opened for another may lead too far. */
const idleMs = 4000;
const http: Readonly<Record<AddressScope, HttpAgent>> = agents((options) => new HttpAgent(options));
const https: Readonly<Record<AddressScope, HttpsAgent>> = agents(
  (options) => new HttpsAgent(options),
);

function agents<T>(
  make: (options: { keepAlive: true; timeout: number }) => T,
): Record<AddressScope, T> {
  const options = { keepAlive: true, timeout: idleMs } as const;
  return { public: make(options), private: make(options), local: make(options) };
}

/** One request without redirects. */
export async function send(
  registries: ResolvedRegistries,
  url: URL,
  options: SendOptions,
): Promise<Answer> {
  const { signal } = options;
  const watch = new Silence(url.host, registries.silenceTimeoutMs);
  const either = AbortSignal.any([signal, watch.signal]);
  const failed = (error: unknown): unknown => {
    signal.throwIfAborted();
    if (isOutOfScope(error)) return error;
    return networkFailure(url.host, watch.signal.aborted ? watch.signal.reason : error);
  };
  let exchanged: Exchanged;
  try {
    exchanged = await exchange(url, options, either, () => watch.start());
  } catch (error) {
    throw failed(error);
  } finally {
    watch.stop();
  }
  const { response, peer } = exchanged;
  return {
    status: response.statusCode ?? 0,
    headers: headersOf(response),
    url,
    scope: peer === undefined ? "public" : scopeOf(peer),
    async *body() {
      watch.start();
      try {
        for await (const chunk of response) {
          watch.stop();
          yield chunk;
          watch.start();
        }
      } catch (error) {
        throw failed(error);
      } finally {
        watch.stop();
      }
    },
    async discard() {
      response.destroy();
    },
  };
}

interface Exchanged {
  response: IncomingMessage;
  /** The address of who answered, as far as it was still known. */
  peer: string | undefined;
}

function exchange(
  url: URL,
  { headers, method, body, scope }: SendOptions,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<Exchanged> {
  const address = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    // A literal address is connected to without a look-up.
    if (isIP(address) !== 0 && !isWithin(scopeOf(address), scope)) {
      reject(outOfScopeError(address));
      return;
    }
    const common = {
      method,
      headers: {
        "accept-encoding": "identity",
        "user-agent": "virtcontainers",
        ...(body && { "content-length": String(body.size) }),
        ...headers,
      },
      lookup: lookupWithin(scope),
      signal,
    };
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { ...common, agent: https[scope] })
        : httpRequest(url, { ...common, agent: http[scope] });
    let peer: string | undefined;
    request.on("error", reject);
    request.on("socket", (socket) => {
      peer = socket.remoteAddress;
      if (!socket.connecting) return;
      socket.once("connect", () => {
        peer = socket.remoteAddress;
      });
    });
    request.on("response", (response) => {
      // Whoever reads the body is told too; unread, the error must not end the process.
      response.on("error", () => {});
      resolve({ response, peer });
    });
    if (body === undefined) request.end();
    // A failure of the request has been told by its event.
    else pipeline(watched(body, onProgress), request, () => {});
  });
}

/** Bytes that are taken are a sign of life. */
async function* watched(body: Body, onProgress: () => void): AsyncGenerator<Uint8Array> {
  for await (const part of body.read()) {
    onProgress();
    yield part;
  }
}

function headersOf(response: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(response.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}

/** Aborts when a registry says nothing for too long. */
class Silence {
  readonly #controller = new AbortController();
  readonly #host: string;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(host: string, timeoutMs: number) {
    this.#host = host;
    this.#timeoutMs = timeoutMs;
    this.start();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const why = `it was silent for ${this.#timeoutMs} ms`;
      const hint = "Check the network connection, and that the registry is up.";
      this.#controller.abort(new Interrupted(registryFailure(this.#host, why, hint)));
    }, this.#timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
