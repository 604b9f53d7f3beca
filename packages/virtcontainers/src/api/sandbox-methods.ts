import type { OutputTarget } from "../agent/agent.ts";
import type { ContainerStats } from "../agent/stats.ts";
import type { VolumeStats } from "../agent/volume-stats.ts";
import type { Cmd } from "../config/cmd.ts";
import type { ConsoleOptions } from "../config/console.ts";
import type { ContainerConfig } from "../config/container.ts";
import type { CopyCallOptions } from "../config/copy.ts";
import type { EgressPolicy } from "../config/network/egress/policy.ts";
import type { Interface, Route } from "../config/network/interface.ts";
import type { NetworkAttachment } from "../config/network/network.ts";
import type { ProcessListOptions } from "../config/process-list.ts";
import type { Resize } from "../config/resize.ts";
import type { LinuxResources } from "../config/resources.ts";
import type { Container } from "../container/container.ts";
import type { IOOffsets, IOStream } from "../container/process/io.ts";
import type { Process } from "../container/verbs/enter.ts";
import type { ContainerStatus } from "../container/verbs/status.ts";
import type { CallOptions } from "../deadline.ts";
import type { EgressStatus } from "../network/egress/verbs.ts";
import type { GuestConsole } from "../sandbox/console.ts";
import type { SandboxStats } from "../sandbox/stats.ts";
import type { SandboxStatus } from "../sandbox/status.ts";
import type { Signal } from "../signals.ts";
import type { VmSize } from "../store/vm-size.ts";
import type { CopyResult } from "../transfer/entry.ts";

/** Options of a call that may go past the guest. */
export type ForceOptions = CallOptions & { force?: boolean };

/** What is done with a sandbox by one verb under its lock: each has its entry in `sandboxVerbs`. */
export interface SandboxMethods {
  /** Starts the sandbox and all its containers; one that was stopped boots anew. */
  start(options?: CallOptions): Promise<void>;

  /** Stops the sandbox; `force` does not ask the guest. Stopping a stopped one is no error. */
  stop(options?: ForceOptions): Promise<void>;

  /** Halts the VM of a running sandbox with all that is in it. Calls under way wait until it is resumed. */
  pause(options?: CallOptions): Promise<void>;

  /** Lets a paused sandbox go on. */
  resume(options?: CallOptions): Promise<void>;

  /**
   * The VM ends by itself after so many milliseconds from now on, 1000 to 2^31 - 1, whatever was said before; undefined: it
   * does not. The next start of its VM goes by the sandbox's `lifetime` again. NOT_SUPPORTED by an agent that can't end
   * its machine.
   */
  setTimeout(timeoutMs: number | undefined, options?: CallOptions): Promise<void>;

  /**
   * Gives the VM another number of CPUs or amount of memory while it runs: all that the guest has. Memory grows
   * in steps of 128 MiB, so what is given back may be more. NOT_SUPPORTED beyond the maxima that it was started
   * with, TIMEOUT if the guest does not part with memory in use.
   */
  resize(size: Resize, options?: CallOptions): Promise<VmSize>;

  /** The present state, also if the VM or a container died unseen. */
  status(options?: CallOptions): Promise<SandboxStatus>;

  /** What a running sandbox uses of the host. */
  stats(options?: CallOptions): Promise<SandboxStats>;

  /** Adds annotations, or gives those that are there other values. */
  setAnnotations(
    annotations: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<void>;

  /**
   * Puts another egress policy in force, at once and for open connections too. NOT_SUPPORTED for a sandbox that was made
   * without one: its packets pass no rules of the host.
   */
  setEgress(policy: EgressPolicy, options?: CallOptions): Promise<void>;

  /** The egress policy that is in force, and what it has decided; NOT_SUPPORTED without one. */
  egressStatus(options?: CallOptions): Promise<EgressStatus>;

  /** The last lines of the guest's console, made safe to print. */
  consoleTail(lines?: number, options?: CallOptions): Promise<string>;

  /** Makes a container in the VM; a running sandbox does not start it. ALREADY_EXISTS when its id is taken. */
  createContainer(config: ContainerConfig, options?: CallOptions): Promise<Container>;

  /** Starts a container that was created or has been stopped. */
  startContainer(containerId: string, options?: CallOptions): Promise<Container>;

  /** Ends a container: its stop signal first, then SIGKILL; with `force` SIGKILL at once. */
  stopContainer(containerId: string, options?: ForceOptions): Promise<Container>;

  /** A running container is refused. */
  deleteContainer(containerId: string, options?: CallOptions): Promise<Container>;

  /**
   * Changes limits of a container while it runs; what is not named stays. The VM follows the sum of limits.
   * NOT_SUPPORTED if that is more than the VM can be grown to.
   */
  updateContainer(
    containerId: string,
    resources: LinuxResources,
    options?: CallOptions,
  ): Promise<Container>;

  /** Freezes all processes of a running container. */
  pauseContainer(containerId: string, options?: CallOptions): Promise<Container>;

  /** Lets the processes of a paused container go on. */
  resumeContainer(containerId: string, options?: CallOptions): Promise<Container>;

  /** Stops and deletes a container, and the sandbox too when it was the last; `force` goes on past refusals. */
  cleanupContainer(containerId: string, options?: ForceOptions): Promise<void>;

  /** What a running or paused container uses of the guest. */
  statsContainer(containerId: string, options?: CallOptions): Promise<ContainerStats>;

  /** The processes in a running or paused container: their pids as a JSON list, or a table as of ps. */
  processListContainer(
    containerId: string,
    list: ProcessListOptions,
    options?: CallOptions,
  ): Promise<string>;

  /** The present state of a container. CONTAINER_NOT_FOUND. */
  statusContainer(containerId: string, options?: CallOptions): Promise<ContainerStatus>;

  /** Runs a further command in a running container; its streams come from ioStream. */
  enterContainer(
    containerId: string,
    cmd: Cmd,
    options?: CallOptions,
  ): Promise<{ container: Container; process: Process }>;

  /** Sends a signal to a container's first process, or to all of its processes. */
  killContainer(
    containerId: string,
    signal: Signal,
    all?: boolean,
    options?: CallOptions,
  ): Promise<void>;

  /** Waits for a process; no deadline unless one is given. The exit code, or 128 + the signal's number. */
  waitProcess(containerId: string, processId: string, options?: CallOptions): Promise<number>;

  /** Sends a signal to a process, or to all of its container. PROCESS_NOT_FOUND when it has ended. */
  signalProcess(
    containerId: string,
    processId: string,
    signal: Signal,
    all?: boolean,
    options?: CallOptions,
  ): Promise<void>;

  /** Tells a process's terminal its size: rows and columns, 1 to 65535. */
  winsizeProcess(
    containerId: string,
    processId: string,
    height: number,
    width: number,
    options?: CallOptions,
  ): Promise<void>;

  /**
   * The streams of a process that is not detached. They end with the process, or when this object is released.
   * A connection that breaks is made anew, and output goes on where it was. With `stdoutOffset` or
   * `stderrOffset` it begins there: reading then asks for no more than was taken, and another process can go
   * on at the offset of the last piece. INVALID_ARGUMENT for what was acknowledged, by asking for what follows.
   */
  ioStream(
    containerId: string,
    processId: string,
    options?: CallOptions & IOOffsets,
  ): Promise<IOStream>;

  /** Where the output of a process goes from now on, for a reader that leaves. */
  setOutput(
    containerId: string,
    processId: string,
    target: OutputTarget,
    options?: CallOptions,
  ): Promise<void>;

  /** What the guest and its agent count, in the text format of Prometheus. Guests choose what they tell. */
  metrics(options?: CallOptions): Promise<string>;

  /** How full the file system is that holds a path of the guest. */
  guestVolumeStats(guestPath: string, options?: CallOptions): Promise<VolumeStats>;

  /** Makes the file system of a volume as large as its device has become; `sizeBytes` is what it should be then. */
  resizeGuestVolume(guestPath: string, sizeBytes: number, options?: CallOptions): Promise<void>;

  /** The guest's packet filter, as iptables-save prints it. */
  getIPTables(isIPv6: boolean, options?: CallOptions): Promise<string>;

  /**
   * Sets the guest's packet filter; `rules` is what iptables-restore reads, at most 1 MiB. INVALID_ARGUMENT when
   * the guest refuses them, NOT_SUPPORTED when it has no iptables.
   */
  setIPTables(isIPv6: boolean, rules: string, options?: CallOptions): Promise<void>;

  /**
   * Gives a running guest a link of the sandbox's network namespace, by its name there, and tells what it has become; with
   * the type `tap` one that is made for it, with the namespace at its other end.
   * INVALID_ARGUMENT if there is no such link, ALREADY_EXISTS if the guest has it, NOT_SUPPORTED without a namespace.
   */
  addInterface(wanted: Interface, options?: CallOptions): Promise<Interface>;

  /** Takes the interface with this Ethernet address from a running guest; undefined if it has none such. */
  removeInterface(unwanted: Interface, options?: CallOptions): Promise<Interface | undefined>;

  /**
   * Connects the sandbox to one more network: at once where it runs, and whenever it starts from then on. Its containers'
   * /etc/hosts and /etc/resolv.conf follow. Ports are those of its create. ALREADY_EXISTS if it is in the network,
   * NETWORK_NOT_FOUND, NOT_SUPPORTED where the driver can't give a running VM an interface, where somebody else
   * fills its namespace, or for a running sandbox with an egress policy; BUSY for an address that is taken.
   */
  connectNetwork(network: NetworkAttachment, options?: CallOptions): Promise<void>;

  /**
   * Takes the sandbox out of a network: at once where it runs, and for all its starts. Where its guest does not let go
   * of the interface the call ends by its deadline, and another one tries again; with `force` the interface leads
   * nowhere at once, whatever the guest does. NETWORK_NOT_FOUND if it is not in the network.
   */
  disconnectNetwork(name: string, options?: ForceOptions): Promise<void>;

  /** All interfaces of the guest, as it tells them. */
  listInterfaces(options?: CallOptions): Promise<Interface[]>;

  /** The guest's routes become these, beside what its kernel makes by itself; gives what it has then. At most 1024. */
  updateRoutes(routes: readonly Route[], options?: CallOptions): Promise<Route[]>;

  /** The routes of the guest's main table, as it tells them. */
  listRoutes(options?: CallOptions): Promise<Route[]>;

  /** What the guest can tell to find a fault with; which kinds there are is the agent's to say. */
  diagnosticData(kind: string, containerId: string, options?: CallOptions): Promise<string>;

  /** The id of the next container in which something is killed for want of memory; no deadline unless one is given. */
  getOOMEvent(options?: CallOptions): Promise<string>;

  /** Runs a program of the guest itself on a terminal, a shell by default, to look for what is wrong in it. */
  openConsole(console?: ConsoleOptions, options?: CallOptions): Promise<GuestConsole>;

  /**
   * Copies a file or folder of the host into a container: into a folder that is there, else to that name. Files,
   * folders, links, modes and times are copied, and owners with `archive`; what can't be is told in the result. A
   * path that ends with `/.` stands for what is in the folder. INVALID_STATE unless the sandbox is ready or
   * running; NO_SPACE where a limit is passed.
   */
  copyTo(
    containerId: string,
    hostPath: string,
    guestPath: string,
    options?: CopyCallOptions,
  ): Promise<CopyResult>;

  /**
   * Copies a file or folder of a container to the host, as copyTo. Nothing is written outside of the target,
   * whatever the guest says; links that lead out of what is copied are left out, set-user-id bits are dropped.
   */
  copyFrom(
    containerId: string,
    guestPath: string,
    hostPath: string,
    options?: CopyCallOptions,
  ): Promise<CopyResult>;

  /** Unpacks a tar stream in a folder of a container, as copyTo; owners are kept unless `archive` is false. */
  importTar(
    containerId: string,
    guestPath: string,
    stream: AsyncIterable<Uint8Array>,
    options?: CopyCallOptions,
  ): Promise<CopyResult>;

  /** A file or folder of a container, as a tar stream, handed to `write` piece by piece. */
  exportTar(
    containerId: string,
    guestPath: string,
    write: (data: Uint8Array) => void | Promise<void>,
    options?: CopyCallOptions,
  ): Promise<CopyResult>;
}
