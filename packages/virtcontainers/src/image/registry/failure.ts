import { isVirtError, printable, VirtError } from "../../errors.ts";
import { errorCode } from "../failure.ts";

/** A registry that could not be reached, refused, or answered nonsense. */
export function registryFailure(
  host: string,
  why: string,
  hint: string | undefined,
  cause?: unknown,
): VirtError {
  return new VirtError("REGISTRY_FAILED", `the registry ${host} failed: ${why}`, { hint, cause });
}

/** A failure of the network that a later try may not meet. */
export class Interrupted extends Error {
  /** How long the registry wants to be left alone, in milliseconds. */
  readonly retryAfterMs: number;
  readonly failure: VirtError;

  constructor(failure: VirtError, retryAfterMs = 0) {
    super(failure.message, { cause: failure });
    this.failure = failure;
    this.retryAfterMs = retryAfterMs;
  }
}

const network = "Check the network connection, and that the registry is up.";
const reasons: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  ECONNREFUSED: [
    "nothing listens there (connection refused)",
    "Check that the registry runs and that its port is right.",
  ],
  ENOTFOUND: ["its host name is not known", "Check the spelling of the registry and the DNS."],
  EAI_AGAIN: ["its host name could not be looked up just now", "Check the DNS of this machine."],
  EHOSTUNREACH: ["it can't be reached", network],
  ENETUNREACH: ["its network can't be reached", network],
  ETIMEDOUT: ["it does not answer", network],
  UND_ERR_CONNECT_TIMEOUT: ["it does not answer", network],
  ECONNRESET: ["it broke off the connection", network],
  EPIPE: ["it broke off the connection", network],
  UND_ERR_SOCKET: ["it broke off the connection", network],
  UND_ERR_ABORTED: ["it broke off the connection", network],
};
const passing = new Set([
  "EAI_AGAIN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
  "UND_ERR_ABORTED",
]);

/** Turns a failure of fetch into a typed error, or into Interrupted if trying again may help. */
export function networkFailure(host: string, error: unknown): VirtError | Interrupted {
  if (isVirtError(error) || error instanceof Interrupted) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = errorCode(cause) ?? "";
  const known = reasons[code];
  if (known) {
    const failure = registryFailure(host, known[0], known[1], error);
    return passing.has(code) ? new Interrupted(failure) : failure;
  }
  const text = printable(cause instanceof Error ? cause.message : String(cause));
  if (text === "bad port") {
    const hint =
      "Let the registry listen on another port; the Fetch standard lists the blocked ones.";
    return registryFailure(host, "its port is one that HTTP clients refuse", hint, error);
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return registryFailure(
      host,
      `its certificate or TLS can't be trusted: ${text}`,
      "Name the certificate authority in NODE_EXTRA_CA_CERTS; for a registry without TLS, list it in registries.insecure.",
      error,
    );
  }
  if (/terminated|other side closed|aborted/.test(text)) {
    return new Interrupted(registryFailure(host, "it broke off the connection", network, error));
  }
  return registryFailure(host, text, network, error);
}
