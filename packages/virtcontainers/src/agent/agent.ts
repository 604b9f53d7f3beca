import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CreateContainerRequestSchema,
  CreateSandboxRequestSchema,
  ExecProcessRequestSchema,
  OutputSink,
} from "@virtcontainers/agent-protocol";

/** Where a process's output goes. */
export type OutputTarget = "client" | "log" | "discard";

export const sinkOf: Readonly<Record<OutputTarget, OutputSink>> = { client: 0, log: 1, discard: 2 };

/** One process as the agent knows it. */
export interface GuestProcess {
  containerId: string;
  /** Empty: the container's init. */
  execId: string;
  pid: number;
  exitCode: number | undefined;
}

/** What the agent tells of itself. */
export interface GuestDetails {
  version: string;
  features: readonly string[];
}

/**
 * The contract of a guest agent, as seen by the rest of the library. Every call ends by the signal, and
 * with SANDBOX_DEAD when the VM goes; what the agent answers is checked.
 */
export interface Agent extends AsyncDisposable {
  /** Settles when the connection is gone. Never rejects. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  check(signal: AbortSignal): Promise<void>;
  details(signal: AbortSignal): Promise<GuestDetails>;
  createSandbox(
    request: MessageInitShape<typeof CreateSandboxRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  destroySandbox(signal: AbortSignal): Promise<void>;
  setTime(time: Date, signal: AbortSignal): Promise<void>;
  createContainer(
    request: MessageInitShape<typeof CreateContainerRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  startContainer(containerId: string, signal: AbortSignal): Promise<void>;
  removeContainer(containerId: string, signal: AbortSignal): Promise<void>;
  execProcess(
    request: MessageInitShape<typeof ExecProcessRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  signalProcess(
    containerId: string,
    execId: string,
    signalNumber: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** The exit code, or 128 + the signal's number. */
  waitProcess(containerId: string, execId: string, signal: AbortSignal): Promise<number>;
  /** Gives how many bytes were taken. */
  writeStdin(
    containerId: string,
    execId: string,
    data: Uint8Array,
    signal: AbortSignal,
  ): Promise<number>;
  closeStdin(containerId: string, execId: string, signal: AbortSignal): Promise<void>;
  /** At most `length` bytes; empty at the end. */
  readStdout(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  readStderr(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array>;
  resizeTerminal(
    containerId: string,
    execId: string,
    rows: number,
    columns: number,
    signal: AbortSignal,
  ): Promise<void>;
  setOutput(
    containerId: string,
    execId: string,
    target: OutputTarget,
    signal: AbortSignal,
  ): Promise<void>;
  /** Of one container, or of all. */
  listProcesses(containerId: string, signal: AbortSignal): Promise<GuestProcess[]>;
}
