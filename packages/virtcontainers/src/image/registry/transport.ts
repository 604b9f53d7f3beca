import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../../errors.ts";
import { mayConnect, type ResolvedRegistries } from "./config.ts";
import { Interrupted, networkFailure, registryFailure } from "./failure.ts";

export interface RequestOptions {
  headers?: Readonly<Record<string, string>>;
  method?: "GET" | "POST";
  body?: URLSearchParams;
  signal: AbortSignal;
}

/** An answer's head, with its body still to be read. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The body; ends with Interrupted if the connection breaks or stays silent too long. */
  body(): AsyncGenerator<Uint8Array>;
  /** Drops the body. */
  discard(): Promise<void>;
}

const maxRedirects = 5;
const maxTries = 5;
const maxRetryAfterMs = 60_000;
const maxPauseMs = 10_000;

/** One request, with redirects; credentials stay with the host that they are for. */
export async function request(
  registries: ResolvedRegistries,
  url: URL,
  options: RequestOptions,
): Promise<Answer> {
  const origin = url.origin;
  let target = url;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const { authorization: _own, ...others } = options.headers ?? {};
    const headers = target.origin === origin ? { ...options.headers } : others;
    const answer = await send(registries, target, { ...options, headers });
    const location = answer.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return answer;
    await answer.discard();
    target = redirectTarget(registries, target, location);
  }
  throw registryFailure(url.host, `it redirects more than ${maxRedirects} times`, undefined);
}

function redirectTarget(registries: ResolvedRegistries, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw registryFailure(from.host, "it redirects to an address that is none", undefined);
  }
  const target = new URL(location, from);
  if (
    !mayConnect(target, registries.insecure) ||
    (from.protocol === "https:" && target.protocol !== "https:")
  ) {
    throw registryFailure(
      from.host,
      `it redirects to ${printable(target.origin)}, which is not encrypted`,
      "If you trust that network, list the host in registries.insecure.",
    );
  }
  return target;
}

async function send(
  registries: ResolvedRegistries,
  url: URL,
  { headers, method, body, signal }: RequestOptions,
): Promise<Answer> {
  const watch = new Silence(url.host, registries.silenceTimeoutMs);
  const either = AbortSignal.any([signal, watch.signal]);
  let response: Response;
  try {
    response = await fetch(url, {
      method: method ?? "GET",
      headers: { "accept-encoding": "identity", "user-agent": "virtcontainers", ...headers },
      ...(body && { body }),
      redirect: "manual",
      signal: either,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw networkFailure(url.host, watch.signal.aborted ? watch.signal.reason : error);
  } finally {
    watch.stop();
  }
  return {
    status: response.status,
    headers: response.headers,
    async *body() {
      if (!response.body) return;
      watch.start();
      try {
        for await (const chunk of response.body) {
          watch.stop();
          yield chunk;
          watch.start();
        }
      } catch (error) {
        signal.throwIfAborted();
        throw networkFailure(url.host, watch.signal.aborted ? watch.signal.reason : error);
      } finally {
        watch.stop();
      }
    },
    async discard() {
      await response.body?.cancel().catch(() => {});
    },
  };
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

/** Throws Interrupted for an answer that asks to come again later (429 and 5xx). */
export async function refuseBusy(url: URL, answer: Answer): Promise<void> {
  if (answer.status !== 429 && answer.status < 500) return;
  await answer.discard();
  const why =
    answer.status === 429
      ? "it limits how often one may ask (429)"
      : `it answered ${answer.status}`;
  const hint = "Try again later, or sign in (`docker login`) for a higher limit.";
  throw new Interrupted(registryFailure(url.host, why, hint), retryAfterMs(answer.headers));
}

function retryAfterMs(headers: Headers): number {
  const value = headers.get("retry-after") ?? "";
  const ms = /^[0-9]+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(0, ms), maxRetryAfterMs);
}

/** Tries again what ended with Interrupted, up to five times in all. */
export async function withRetries<T>(
  registries: ResolvedRegistries,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Interrupted)) throw error;
      await pauseAfter(registries, error, tries, signal);
    }
  }
}

/** Waits before the next try, longer each time and by chance; throws after the last. */
export async function pauseAfter(
  registries: ResolvedRegistries,
  interruption: Interrupted,
  tries: number,
  signal: AbortSignal,
): Promise<void> {
  if (tries >= maxTries) throw interruption.failure;
  const pause = Math.min(registries.retryDelayMs * 2 ** (tries - 1), maxPauseMs);
  const pauseMs = Math.max(interruption.retryAfterMs, pause * (0.5 + Math.random()));
  await sleep(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
}
