import type { RequestEnvelope } from "./envelope.ts";
import { TtrpcError } from "./error.ts";
import type { ServiceRouter } from "./service-router.ts";

/** Longer deadlines, of 24 days and more, are not kept. */
const MAX_TIMER_MS = 0x7fffffff;

/** One call being handled. It ends with the handler, or before it at the deadline or with the stream. */
export class ServerCall {
  readonly #request: RequestEnvelope;
  readonly #controller = new AbortController();

  constructor(request: RequestEnvelope) {
    this.#request = request;
  }

  /** Ends the call; the handler learns it from its signal. */
  abort(reason: TtrpcError): void {
    this.#controller.abort(reason);
  }

  /** The encoded answer, or the status to send in its place. Never rejects. */
  async run(router: ServiceRouter): Promise<Uint8Array | TtrpcError> {
    const timeoutMs = milliseconds(this.#request.timeoutNano);
    const timer = this.#armDeadline(timeoutMs);
    const { signal } = this.#controller;
    try {
      const context = { signal, timeoutMs, metadata: groupMetadata(this.#request.metadata) };
      return await Promise.race([router.route(this.#request, context), rejectOnAbort(signal)]);
    } catch (reason) {
      return TtrpcError.from(reason, "internal");
    } finally {
      clearTimeout(timer);
    }
  }

  #armDeadline(timeoutMs: number | undefined): NodeJS.Timeout | undefined {
    if (timeoutMs === undefined || timeoutMs > MAX_TIMER_MS) return undefined;
    const { service, method } = this.#request;
    return setTimeout(() => {
      const text = `${service}/${method} took longer than ${timeoutMs} ms`;
      this.abort(new TtrpcError("deadline_exceeded", text));
    }, timeoutMs);
  }
}

function milliseconds(timeoutNano: bigint): number | undefined {
  return timeoutNano <= 0n ? undefined : Number(timeoutNano) / 1e6;
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A map and not an object, for a key may be "__proto__". */
function groupMetadata(metadata: RequestEnvelope["metadata"]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [key, value] of metadata) {
    const values = grouped.get(key);
    if (values === undefined) grouped.set(key, [value]);
    else values.push(value);
  }
  return grouped;
}
