import { TtrpcError } from "@virtcontainers/ttrpc";
import { type ErrorCode, printable, VirtError } from "../../errors.ts";

/** Which call failed, and of what. */
export interface CallSite {
  method: string;
  sandboxId: string;
  containerId?: string;
  execId?: string;
}

/** What a client's own error and the guest's answers mean to a caller; text of the guest is made printable. */
export function agentError(error: unknown, site: CallSite, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof TtrpcError)) return error;
  const text = printable(error.text.replace(stackBacktrace, "")).slice(0, 2000);
  const details = {
    cause: error,
    sandboxId: site.sandboxId,
    containerId: site.containerId,
    processId: site.execId || undefined,
    phase: `agent.${site.method}`,
  };
  if (!error.remote) return localError(error, text, details);
  const code = remoteCode(error.code, text, site);
  if (code === "NO_SPACE") {
    return new VirtError(code, `the guest has no room for what is copied: ${text}`, {
      ...details,
      hint: "What was there before is unchanged. Make room in the container, or give it more.",
    });
  }
  if (code === "COMMAND_NOT_FOUND" || code === "COMMAND_NOT_EXECUTABLE") {
    return new VirtError(code, text, details);
  }
  return new VirtError(code, `the guest agent refused ${site.method}: ${text}`, details);
}

/** What Rust's errors say of where they came from, which tells a caller nothing. */
const stackBacktrace = /\s*\bstack backtrace:[\s\S]*$/i;

const cutInFrame = "the stream ended inside a frame";

function localError(error: TtrpcError, text: string, details: object): VirtError {
  // A connection that breaks may do so in the middle of an answer.
  if (error.code === "unavailable" || error.text.endsWith(cutInFrame)) {
    return new VirtError("SANDBOX_DEAD", "the connection to the guest agent is gone", {
      ...details,
      hint: "The VM has ended or was stopped; the sandbox's console tells more.",
    });
  }
  const code = error.code === "resource_exhausted" ? "INVALID_ARGUMENT" : "PROTOCOL_VIOLATION";
  return new VirtError(code, text, details);
}

const copying = new Set(["PutFile", "CopyFile"]);
/** About what stands at a path, and no process. */
const filing = new Set(["RenamePath", "RemovePath", "OpenWatch"]);
const starting = new Set(["CreateContainer", "StartContainer", "ExecProcess"]);

/** How agents, old ones too, refuse a method or a service that they don't have. */
const unknownMethod: readonly { code: string; text: RegExp }[] = [
  { code: "unimplemented", text: /^/ },
  { code: "not_found", text: /^\S+ is not supported$/ },
  { code: "invalid_argument", text: /^\S+ service does not exist$/ },
];

/** What an agent says that has one code for all that fails. */
const internal: readonly { text: RegExp; code: ErrorCode }[] = [
  { text: /\bthe file .* was not found\b/, code: "COMMAND_NOT_FOUND" },
  { text: /\bEACCES: Permission denied\b/, code: "COMMAND_NOT_EXECUTABLE" },
];

/** Not the limit of calls under way, which says nothing of the command. */
const atLimit = /\bis at its limit of \d+ processes\b/;

function remoteCode(code: string, text: string, site: CallSite): ErrorCode {
  if (unknownMethod.some((known) => known.code === code && known.text.test(text)))
    return "NOT_SUPPORTED";
  if (starting.has(site.method) && code === "internal") {
    const known = internal.find((each) => each.text.test(text));
    if (known !== undefined) return known.code;
  }
  if (starting.has(site.method) && code === "not_found") return "COMMAND_NOT_FOUND";
  if (starting.has(site.method) && code === "permission_denied") return "COMMAND_NOT_EXECUTABLE";
  if (starting.has(site.method) && code === "resource_exhausted" && atLimit.test(text))
    return "COMMAND_NOT_EXECUTABLE";
  const aboutFiles = filing.has(site.method) || site.method === "PutFile";
  if (aboutFiles && code === "permission_denied") return "PERMISSION_DENIED";
  if (filing.has(site.method)) {
    if (code === "not_found" && !/invalid container id/i.test(text)) return "FILE_NOT_FOUND";
    if (code === "failed_precondition") return "INVALID_ARGUMENT";
    if (code === "resource_exhausted" && site.method !== "OpenWatch") return "NO_SPACE";
  }
  if (code === "not_found") return "PROCESS_NOT_FOUND";
  if (copying.has(site.method) && code === "resource_exhausted") return "NO_SPACE";
  if (code === "already_exists") return "ALREADY_EXISTS";
  if (code === "invalid_argument" || code === "out_of_range") return "INVALID_ARGUMENT";
  return "AGENT_ERROR";
}
