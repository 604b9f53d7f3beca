import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CopyFileRequestSchema,
  CreateContainerRequestSchema,
  CreateSandboxRequestSchema,
  ExecProcessRequestSchema,
  LinuxResourcesSchema,
  OutputSink,
  StorageSchema,
} from "@virtcontainers/agent-protocol";
import type { Interface, Neighbor, Route } from "../config/network/interface.ts";
import type { ContainerHealth, StoredHealthCheck } from "../store/health.ts";
import type { AgentFiles, SandboxFile } from "./files.ts";
import type { ContainerStats } from "./stats.ts";
import type { VolumeStats } from "./volume-stats.ts";

/** Where a process's output goes. */
export type OutputTarget = "client" | "log" | "discard";

export const sinkOf: Readonly<Record<OutputTarget, OutputSink>> = { client: 0, log: 1, discard: 2 };

/** The feature of an agent whose kernel can filter system calls. */
export const seccompFeature = "seccomp";
/** The feature that an agent names if the guest has programs for a console. */
export const consoleFeature = "console";

/** A piece of a process's output. */
export interface OutputPiece {
  /** Of its first byte. */
  offset: number;
  data: Uint8Array;
  /** There is no more, and all was acknowledged. */
  eof: boolean;
}

/** One process as the agent knows it; texts are made safe to print. */
export interface GuestProcess {
  containerId: string;
  /** Empty: the container's init. */
  execId: string;
  pid: number;
  /** Some 4 KiB of them; empty if the agent does not tell. */
  args: readonly string[];
  startedAt: Date | undefined;
  terminal: boolean;
  output: OutputTarget;
  exitCode: number | undefined;
  /** By the guest's clock; undefined if it has not exited, or the agent does not tell. */
  exitedAt: Date | undefined;
  /** Of an init whose container has a health check. */
  health?: ContainerHealth | undefined;
}

/** One process in a container, as the guest's kernel tells it; texts are made safe to print. */
export interface ProcessRow {
  /** In the guest. */
  pid: number;
  /** As the container itself sees it. */
  nsPid: number;
  /** In the guest; 0 for a parent outside of it. */
  ppid: number;
  uid: number;
  /** By the container's own /etc/passwd; else the number. */
  user: string;
  /** Such as `pts/0`; empty without one. */
  tty: string;
  /** One letter, as in /proc. */
  state: string;
  /** Seconds since 1970. */
  startTimeS: number;
  cpuMs: number;
  rssKib: number;
  vszKib: number;
  threads: number;
  comm: string;
  args: readonly string[];
}

/** What the agent tells of itself and its machine. */
export interface GuestDetails {
  version: string;
  features: readonly string[];
  storageHandlers: readonly string[];
  supportsSeccomp: boolean;
  /** Bytes; hotplugged memory comes in multiples of it. 0 if it is not known. */
  memoryBlockBytes: number;
  /** Hotplugged memory has to be announced with memHotplugByProbe. */
  memoryProbe: boolean;
}

/** When a machine ends by itself, in milliseconds from now on; undefined: it does not. */
export interface GuestLifetime {
  timeoutMs: number | undefined;
  idleTimeoutMs: number | undefined;
}

/** What belongs to one sandbox beyond what createSandbox tells. */
export interface SandboxSettings {
  /** The container with whose first process the machine ends. */
  exitWith: string | undefined;
  /** When it ends by itself; only with the feature `lifetime`. */
  lifetime: GuestLifetime | undefined;
  /** How much output the log may get. */
  logLimitBytes: bigint;
  /** What its containers are given; an agent without the feature `files` takes no notice of them. */
  files: readonly SandboxFile[];
}

export interface PendingCpus {
  /** How many shall be online in all; 0: as they are. */
  count: number;
  /** Waits until so many are online; else only what is there already is brought online. */
  wait: boolean;
  /** Leaves memory alone. */
  cpuOnly: boolean;
}

/**
 * The contract of a guest agent, as seen by the rest of the library. Every call ends by the signal, and
 * with SANDBOX_DEAD when the VM goes; what the agent answers is checked.
 */
export interface Agent extends AgentFiles, AsyncDisposable {
  /** Settles when the connection is gone. Never rejects. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** Whether destroySandbox makes the guest power off. */
  readonly powersOff: boolean;
  check(signal: AbortSignal): Promise<void>;
  details(signal: AbortSignal): Promise<GuestDetails>;
  /** Once, before createSandbox. NOT_SUPPORTED or INVALID_ARGUMENT of an agent that does not know it. */
  configureSandbox(settings: SandboxSettings, signal: AbortSignal): Promise<void>;
  /** Tells anew when the machine ends by itself; only with the feature `lifetime`. */
  setLifetime(lifetime: GuestLifetime, signal: AbortSignal): Promise<void>;
  /** Writes one of those files anew, for all containers at once; only with the feature `files`. */
  putSandboxFile(file: SandboxFile, signal: AbortSignal): Promise<void>;
  createSandbox(
    request: MessageInitShape<typeof CreateSandboxRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  destroySandbox(signal: AbortSignal): Promise<void>;
  setTime(time: Date, signal: AbortSignal): Promise<void>;
  /** Mixes bytes into the guest's random numbers and reseeds them. */
  reseedRandomDev(data: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Brings hotplugged CPUs and memory online. */
  onlineCPUMem(cpus: PendingCpus, signal: AbortSignal): Promise<void>;
  /** Uses so many CPUs, bringing some online or taking some out of use; gives the numbers of those in use. */
  setOnlineCpus(count: number, signal: AbortSignal): Promise<number[]>;
  /** Announces hotplugged memory by its physical addresses. */
  memHotplugByProbe(addresses: readonly bigint[], signal: AbortSignal): Promise<void>;
  /** Gives tmpfs storages another size. */
  updateEphemeralMounts(
    storages: readonly MessageInitShape<typeof StorageSchema>[],
    signal: AbortSignal,
  ): Promise<void>;
  /** Swaps to the disk behind these slots, from the root bus down. */
  addSwap(pciPath: readonly number[], signal: AbortSignal): Promise<void>;
  /** Swaps to a device of the guest, by its path. */
  addSwapPath(path: string, signal: AbortSignal): Promise<void>;
  /** Puts one piece of a file, folder or link into the guest; what is not below its root for copies is refused. */
  copyFile(
    request: MessageInitShape<typeof CopyFileRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Takes away what copyFile has made, with all that is in it; only with the feature `remove`. */
  removeFile(path: string, signal: AbortSignal): Promise<void>;
  /** The container of the next OOM kill; waits for it. */
  getOOMEvent(signal: AbortSignal): Promise<string>;
  /** What the guest and its agent count, in the text format of Prometheus. */
  getMetrics(signal: AbortSignal): Promise<string>;
  getVolumeStats(guestPath: string, signal: AbortSignal): Promise<VolumeStats>;
  resizeVolume(guestPath: string, bytes: bigint, signal: AbortSignal): Promise<void>;
  /** As iptables-save prints them. */
  getIPTables(isIPv6: boolean, signal: AbortSignal): Promise<Uint8Array>;
  /** As iptables-restore reads them. */
  setIPTables(isIPv6: boolean, data: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Makes the link with this Ethernet address what is told. INVALID_ARGUMENT with `Link not found` where there is none yet. */
  updateInterface(wanted: Interface, signal: AbortSignal): Promise<void>;
  listInterfaces(signal: AbortSignal): Promise<Interface[]>;
  /** The guest's routes become these, beside what its kernel makes by itself; gives what it has then. */
  updateRoutes(routes: readonly Route[], signal: AbortSignal): Promise<Route[]>;
  listRoutes(signal: AbortSignal): Promise<Route[]>;
  addARPNeighbors(neighbors: readonly Neighbor[], signal: AbortSignal): Promise<void>;
  getDiagnosticData(kind: string, containerId: string, signal: AbortSignal): Promise<string>;
  setPolicy(policy: string, signal: AbortSignal): Promise<void>;
  createContainer(
    request: MessageInitShape<typeof CreateContainerRequestSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  startContainer(containerId: string, signal: AbortSignal): Promise<void>;
  removeContainer(containerId: string, signal: AbortSignal): Promise<void>;
  updateContainer(
    containerId: string,
    resources: MessageInitShape<typeof LinuxResourcesSchema>,
    signal: AbortSignal,
  ): Promise<void>;
  statsContainer(containerId: string, signal: AbortSignal): Promise<ContainerStats>;
  /** Freezes all processes of a running container. */
  pauseContainer(containerId: string, signal: AbortSignal): Promise<void>;
  resumeContainer(containerId: string, signal: AbortSignal): Promise<void>;
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
  /**
   * Output from an offset on, which acknowledges what lies before; without one from what is not acknowledged. At most `length` bytes, 1 MiB at most;
   * none at the end. INVALID_ARGUMENT for what was acknowledged before. Only with the feature `offsets`.
   */
  readOutput(
    containerId: string,
    execId: string,
    from: { stream: "stdout" | "stderr"; offset: number | undefined; length: number },
    signal: AbortSignal,
  ): Promise<OutputPiece>;
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
  /** Before its container is started; only with the feature `health`. */
  setHealthCheck(containerId: string, check: StoredHealthCheck, signal: AbortSignal): Promise<void>;
  /** Of one container, or of all. */
  listProcesses(containerId: string, signal: AbortSignal): Promise<GuestProcess[]>;
  /** All processes in a container, whoever started them, in the order of their pids. */
  processTable(containerId: string, signal: AbortSignal): Promise<ProcessRow[]>;
}
