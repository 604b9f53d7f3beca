import type { StatusCode } from "./status.ts";

/** One `google.protobuf.Any` of a status, not decoded. */
export interface ErrorDetail {
  typeUrl: string;
  value: Uint8Array;
}

export interface TtrpcErrorOptions {
  cause?: unknown;
  details?: readonly ErrorDetail[];
  /** True if the peer answered with this status, false if it arose on this side. */
  remote?: boolean;
}

/** The one error of this package. `message` reads `[code] text`. */
export class TtrpcError extends Error {
  readonly code: StatusCode;
  /** The message without the code. */
  readonly text: string;
  readonly details: readonly ErrorDetail[];
  /** True if the peer answered with this status, false if it arose on this side. */
  readonly remote: boolean;

  constructor(code: StatusCode, text: string, options: TtrpcErrorOptions = {}) {
    super(`[${code}] ${text}`, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "TtrpcError";
    this.code = code;
    this.text = text;
    this.details = options.details ?? [];
    this.remote = options.remote ?? false;
  }

  /** Any thrown value as a TtrpcError: itself if it is one, else wrapped under `code`. */
  static from(reason: unknown, code: StatusCode): TtrpcError {
    if (reason instanceof TtrpcError) return reason;
    const text = reason instanceof Error ? reason.message : String(reason);
    return new TtrpcError(code, text, { cause: reason });
  }
}
