/** Every failure of this library has one of these codes. They never change meaning. */
export type ErrorCode =
  /** A field of a configuration or an argument is wrong: `field` names it. */
  | "INVALID_ARGUMENT"
  /** What is asked for is known, but this host, driver, guest or version can't do it. */
  | "NOT_SUPPORTED"
  | "SANDBOX_NOT_FOUND"
  | "CONTAINER_NOT_FOUND"
  | "PROCESS_NOT_FOUND"
  | "IMAGE_NOT_FOUND"
  | "VOLUME_NOT_FOUND"
  | "NETWORK_NOT_FOUND"
  /** There is nothing at a path of a container. */
  | "FILE_NOT_FOUND"
  /** The guest's kernel does not permit what is asked for with a file, to nobody. */
  | "PERMISSION_DENIED"
  | "ALREADY_EXISTS"
  /** The sandbox or container is in a state that does not allow the operation. */
  | "INVALID_STATE"
  /** Something that the host must have is missing: a binary, a kernel, a permission. */
  | "HOST_REQUIREMENT"
  /** The hypervisor did not start, answered with an error, or went away. */
  | "HYPERVISOR_FAILED"
  /** The VM started, but its guest did not come up. */
  | "BOOT_FAILED"
  /** The VM or its agent is gone. */
  | "SANDBOX_DEAD"
  /** The daemon that serves the sandbox's shared folders is gone, and what uses them in the guest hangs. */
  | "SHARE_DEAD"
  /** The guest agent refused or failed a call. */
  | "AGENT_ERROR"
  /** The guest sent something that the protocol does not allow. */
  | "PROTOCOL_VIOLATION"
  /** A hook of the container's specification ended with another exit code than 0, or could not be run. */
  | "HOOK_FAILED"
  | "COMMAND_NOT_FOUND"
  | "COMMAND_NOT_EXECUTABLE"
  /** A command ended with another exit code than 0 and `check` was set. */
  | "EXIT_CODE"
  | "TIMEOUT"
  | "CANCELED"
  /** Another process holds the sandbox, image or port, and went on holding it. */
  | "BUSY"
  /** The registry could not be reached, refused, or answered nonsense. */
  | "REGISTRY_FAILED"
  /** What connects a sandbox with a network, such as a CNI plugin, failed or answered nonsense. */
  | "NETWORK_FAILED"
  /** An image, archive or layer is damaged, unsafe, or of a kind that is not supported. */
  | "IMAGE_INVALID"
  /** The host's disk or a limit is full. */
  | "NO_SPACE"
  /** An operating system call on the host failed. */
  | "HOST_FAILED"
  /** The stored state is damaged or of a version that this release can't read. */
  | "STATE_INVALID";

/** What an error can tell beside its message. */
export interface ErrorDetails {
  cause?: unknown;
  sandboxId?: string | undefined;
  containerId?: string | undefined;
  processId?: string | undefined;
  /** The step that failed or was slow, such as `boot` or `agent.createContainer`. */
  phase?: string | undefined;
  /** The path of the wrong field, such as `hypervisorConfig.memoryMiB`. */
  field?: string | undefined;
  /** Of an INVALID_STATE: the state that was wrong, of the sandbox or of the container. */
  sandboxState?: string | undefined;
  containerState?: string | undefined;
  /** What the reader can do next: one sentence. */
  hint?: string | undefined;
  /** The last lines of the guest's console, made safe to print. */
  consoleTail?: string | undefined;
  exitCode?: number | undefined;
  /** Of a command that failed or was ended: what it had written until then, as far as it was kept; raw. */
  stdout?: string | undefined;
  stderr?: string | undefined;
}

/** The one error class of the library: tell errors apart by `code`. */
export class VirtError extends Error {
  override readonly name = "VirtError";
  readonly code: ErrorCode;
  readonly sandboxId: string | undefined;
  readonly containerId: string | undefined;
  readonly processId: string | undefined;
  readonly phase: string | undefined;
  readonly field: string | undefined;
  readonly sandboxState: string | undefined;
  readonly containerState: string | undefined;
  readonly hint: string | undefined;
  readonly consoleTail: string | undefined;
  readonly exitCode: number | undefined;
  readonly stdout: string | undefined;
  readonly stderr: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.sandboxId = details.sandboxId;
    this.containerId = details.containerId;
    this.processId = details.processId;
    this.phase = details.phase;
    this.field = details.field;
    this.sandboxState = details.sandboxState;
    this.containerState = details.containerState;
    this.hint = details.hint;
    this.consoleTail = details.consoleTail;
    this.exitCode = details.exitCode;
    this.stdout = details.stdout;
    this.stderr = details.stderr;
  }

  /** True if a deadline ended the call. */
  get timedOut(): boolean {
    return this.code === "TIMEOUT";
  }

  /** True if the caller's signal ended the call. */
  get isCanceled(): boolean {
    return this.code === "CANCELED";
  }
}

export function isVirtError(error: unknown, ...codes: ErrorCode[]): error is VirtError {
  return error instanceof VirtError && (codes.length === 0 || codes.includes(error.code));
}

/** A copy of an error with more details, and with another message if one is given. */
export function withDetails(
  error: VirtError,
  details: ErrorDetails,
  message: string = error.message,
): VirtError {
  const told = new VirtError(error.code, message, {
    ...error,
    cause: error.cause,
    ...details,
  });
  if (error.stack !== undefined) told.stack = error.stack;
  return told;
}

/** An INVALID_ARGUMENT that names the field, the value and what is allowed. */
export function invalidArgument(field: string, value: unknown, allowed: string): VirtError {
  return new VirtError("INVALID_ARGUMENT", `${field}: ${show(value)} is not allowed; ${allowed}`, {
    field,
  });
}

/** A value as an error message shows it: short, on one line, without control characters. */
export function show(value: unknown): string {
  let text: string;
  try {
    text = typeof value === "bigint" ? `${value}n` : (JSON.stringify(value) ?? String(value));
  } catch {
    text = String(value);
  }
  text = printable(text);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** Text from a guest, a registry or a user, safe to print on a terminal. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    "\ufffd",
  );
}

export function containerNotFound(sandboxId: string, containerId: string): VirtError {
  return new VirtError(
    "CONTAINER_NOT_FOUND",
    `there is no container ${containerId} in sandbox ${sandboxId}`,
    {
      sandboxId,
      containerId,
    },
  );
}
