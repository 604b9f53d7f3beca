import type { OutputTarget } from "../agent/agent.ts";
import type { ContainerStats } from "../agent/stats.ts";
import type { VolumeStats } from "../agent/volume-stats.ts";
import type { Cmd, ContainerConfig, LinuxResources } from "../config/container.ts";
import type { CopyCallOptions } from "../config/copy.ts";
import { type Container, containerView } from "../container/container.ts";
import { ExecHandle } from "../container/exec/handle.ts";
import type { ExecOptions } from "../container/exec/options.ts";
import type { IOOffsets, IOStream } from "../container/process/io.ts";
import { createContainer } from "../container/verbs/create.ts";
import { deleteContainer } from "../container/verbs/delete.ts";
import { enterContainer, type Process } from "../container/verbs/enter.ts";
import { ioStream } from "../container/verbs/io-stream.ts";
import { signalProcess } from "../container/verbs/kill.ts";
import { pauseContainer } from "../container/verbs/pause.ts";
import { type ProcessListOptions, processListContainer } from "../container/verbs/process-list.ts";
import { resumeContainer } from "../container/verbs/resume.ts";
import { setOutput } from "../container/verbs/set-output.ts";
import { startContainer } from "../container/verbs/start.ts";
import { statsContainer } from "../container/verbs/stats.ts";
import { type ContainerStatus, statusContainer } from "../container/verbs/status.ts";
import { stopContainer } from "../container/verbs/stop.ts";
import { updateContainer } from "../container/verbs/update.ts";
import { waitProcess } from "../container/verbs/wait.ts";
import { winsizeProcess } from "../container/verbs/winsize.ts";
import type { CallOptions } from "../deadline.ts";
import type { VirtError } from "../errors.ts";
import type { LogEntry } from "../logs/follow.ts";
import { type MonitorOptions, monitor } from "../monitor/monitor.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { type Resize, resizeSandbox } from "../resources/resize-sandbox.ts";
import { cleanupContainer } from "../sandbox/cleanup-container.ts";
import { type ConsoleOptions, type GuestConsole, openConsole } from "../sandbox/console.ts";
import { deleteSandbox } from "../sandbox/delete.ts";
import { disposeSandbox } from "../sandbox/dispose.ts";
import { fetchSandbox } from "../sandbox/fetch.ts";
import * as guest from "../sandbox/guest.ts";
import { sandboxLogs } from "../sandbox/logs.ts";
import { pauseSandbox } from "../sandbox/pause.ts";
import { resumeSandbox } from "../sandbox/resume.ts";
import { runSandbox } from "../sandbox/run.ts";
import { setAnnotations } from "../sandbox/set-annotations.ts";
import { startSandbox } from "../sandbox/start.ts";
import { type SandboxStats, statsSandbox } from "../sandbox/stats.ts";
import { type SandboxStatus, statusSandbox } from "../sandbox/status.ts";
import { stopSandbox } from "../sandbox/stop.ts";
import type { Signal } from "../signals.ts";
import type { StoredSandbox } from "../store/schema.ts";
import type { VmSize } from "../store/vm-size.ts";
import { checkedCopy } from "../transfer/checked-copy.ts";
import type { CopyResult } from "../transfer/entry.ts";
import { Session } from "./session.ts";
import { configFromOptions, type SandboxOptions } from "./short-form.ts";

/** Default deadline of a start. */
const startTimeoutMs = 120_000;
/** Default deadline of a copy. */
const copyTimeoutMs = 600_000;

/**
 * A sandbox, seen from this process. The VM lives on when this object is released or this process ends;
 * any other process may fetch the sandbox and go on with it. All methods throw VirtError: with
 * SANDBOX_NOT_FOUND once it was deleted, SANDBOX_DEAD when its VM has ended, TIMEOUT and CANCELED.
 */
export class Sandbox implements AsyncDisposable {
  // Private, so that a program that prints a Sandbox does not print it.
  readonly #session: Session;
  readonly #deleteOnDispose: boolean;
  readonly id: string;

  /** Use Sandbox.create, Sandbox.fetch, or a VirtContainers. */
  constructor(
    context: Context,
    stored: StoredSandbox,
    connection: Connection,
    deleteOnDispose = false,
  ) {
    this.id = stored.id;
    this.#session = new Session(context, stored, connection);
    this.#deleteOnDispose = deleteOnDispose;
  }

  /**
   * Makes and starts a sandbox with one container, `main`, that waits for commands to be run with exec.
   * `await using` stops and deletes it at the end.
   */
  static async create(options: SandboxOptions = {}): Promise<Sandbox> {
    const config = configFromOptions(options);
    const { defaultContext } = await import("./default-context.ts");
    const { sandbox, connection } = await runSandbox(defaultContext(), config, options);
    return new Sandbox(defaultContext(), sandbox, connection, true);
  }

  /** Finds a sandbox that any process of this user made. `await using` only releases it at the end. */
  static async fetch(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { defaultContext } = await import("./default-context.ts");
    const { sandbox, connection } = await fetchSandbox(defaultContext(), id, options);
    return new Sandbox(defaultContext(), sandbox, connection);
  }

  get annotations(): Readonly<Record<string, string>> {
    return { ...this.#session.stored.config.annotations };
  }

  /** Starts the sandbox and all its containers; one that was stopped boots anew. */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#session.run("start", "exclusive", options, startSandbox, startTimeoutMs);
  }

  /** Stops the sandbox; `force` does not ask the guest. Stopping a stopped one is no error. */
  async stop(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    const { force = false } = options;
    await this.#session.run("stop", "exclusive", options, (held) => stopSandbox(held, force));
  }

  /** Halts the VM of a running sandbox with all that is in it. Calls under way wait until it is resumed. */
  async pause(options: CallOptions = {}): Promise<void> {
    await this.#session.run("pause", "exclusive", options, pauseSandbox);
  }

  /** Lets a paused sandbox go on. */
  async resume(options: CallOptions = {}): Promise<void> {
    await this.#session.run("resume", "exclusive", options, resumeSandbox);
  }

  /**
   * Gives the VM another number of CPUs or amount of memory while it runs: all that the guest has. Memory grows
   * in steps of 128 MiB, so what is given back may be more. NOT_SUPPORTED beyond the maxima that it was started
   * with, TIMEOUT if the guest does not part with memory in use.
   */
  async resize(size: Resize, options: CallOptions = {}): Promise<VmSize> {
    return await this.#session.run("resize", "exclusive", options, (held) =>
      resizeSandbox(held, size),
    );
  }

  /** Deletes the sandbox and all it holds of the host; `force` also if it runs. */
  async delete(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    const { context, connection } = this.#session;
    await deleteSandbox(context, connection, this.id, options);
    await this.release();
  }

  /** Closes this process's connection; the sandbox goes on. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  /** A sandbox that is gone already, or another that has its id by now, is not an error and not touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { context, connection } = this.#session;
    if (this.#deleteOnDispose) await disposeSandbox(context, connection, this.#session);
    await this.release();
  }

  /** The present state, also if the VM or a container died unseen. */
  async status(options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.#session.run("status", "shared", options, statusSandbox);
  }

  /** What a running sandbox uses of the host. */
  async stats(options: CallOptions = {}): Promise<SandboxStats> {
    return await this.#session.run("stats", "shared", options, statsSandbox);
  }

  /** Adds annotations, or gives those that are there other values. */
  async setAnnotations(
    annotations: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<void> {
    const verb = setAnnotations(annotations);
    await this.#session.run("setAnnotations", "exclusive", options, verb);
  }

  /** What a detached container has written; with `follow`, until it ends. */
  logs(
    containerId: string,
    options: CallOptions & { follow?: boolean } = {},
  ): AsyncGenerator<LogEntry> {
    return sandboxLogs(this.#session, containerId, options);
  }

  /**
   * Tells what is wrong with the sandbox, as errors that are not thrown: SANDBOX_DEAD when its VM has ended,
   * which is the last one; TIMEOUT when its agent does not answer, once until it answers again; SHARE_DEAD when
   * the daemon of its shared folders has ended. Ends when the sandbox is stopped or deleted. No deadline unless one is given.
   */
  monitor(options: MonitorOptions = {}): AsyncGenerator<VirtError> {
    const { context, connection } = this.#session;
    return monitor(context, connection, this.id, options);
  }

  /** The last lines of the guest's console, made safe to print. */
  async consoleTail(lines = 20, options: CallOptions = {}): Promise<string> {
    return await this.#session.run("consoleTail", "moment", options, guest.consoleTail(lines));
  }

  /** The containers as last seen by this object. */
  containers(): Container[] {
    return this.#session.containers();
  }

  getContainer(containerId: string): Container | undefined {
    return this.containers().find(({ id }) => id === containerId);
  }

  async createContainer(config: ContainerConfig, options: CallOptions = {}): Promise<Container> {
    return await this.#session.run("createContainer", "exclusive", options, async (held) =>
      containerView(this.id, await createContainer(held, config)),
    );
  }

  async startContainer(containerId: string, options: CallOptions = {}): Promise<Container> {
    return await this.#session.change("startContainer", containerId, options, startContainer);
  }

  async stopContainer(
    containerId: string,
    options: CallOptions & { force?: boolean } = {},
  ): Promise<Container> {
    const { force = false } = options;
    return await this.#session.change("stopContainer", containerId, options, (held, container) =>
      stopContainer(held, container, force),
    );
  }

  /** A running container is refused. */
  async deleteContainer(containerId: string, options: CallOptions = {}): Promise<Container> {
    return await this.#session.change("deleteContainer", containerId, options, deleteContainer);
  }

  /**
   * Changes limits of a container while it runs; what is not named stays. The VM follows the sum of limits.
   * NOT_SUPPORTED if that is more than the VM can be grown to.
   */
  async updateContainer(
    containerId: string,
    resources: LinuxResources,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.#session.change("updateContainer", containerId, options, (held, container) =>
      updateContainer(held, container, resources),
    );
  }

  /** Freezes all processes of a running container. */
  async pauseContainer(containerId: string, options: CallOptions = {}): Promise<Container> {
    return await this.#session.change("pauseContainer", containerId, options, pauseContainer);
  }

  /** Lets the processes of a paused container go on. */
  async resumeContainer(containerId: string, options: CallOptions = {}): Promise<Container> {
    return await this.#session.change("resumeContainer", containerId, options, resumeContainer);
  }

  /** Stops and deletes a container, and the sandbox too when it was the last; `force` goes on past refusals. */
  async cleanupContainer(
    containerId: string,
    options: CallOptions & { force?: boolean } = {},
  ): Promise<void> {
    const { force = false } = options;
    await this.#session.run("cleanupContainer", "exclusive", options, (held) =>
      cleanupContainer(held, containerId, force),
    );
  }

  /** What a running or paused container uses of the guest. */
  async statsContainer(containerId: string, options: CallOptions = {}): Promise<ContainerStats> {
    return await this.#session.run("statsContainer", "shared", options, (held) =>
      statsContainer(held, containerId),
    );
  }

  /** The processes in a running or paused container: their pids as a JSON list, or a table as of ps. */
  async processListContainer(
    containerId: string,
    list: ProcessListOptions,
    options: CallOptions = {},
  ): Promise<string> {
    return await this.#session.run("processListContainer", "shared", options, (held) =>
      processListContainer(held, containerId, list),
    );
  }

  async statusContainer(containerId: string, options: CallOptions = {}): Promise<ContainerStatus> {
    return await this.#session.run("statusContainer", "shared", options, (held) =>
      statusContainer(held, containerId),
    );
  }

  /** Runs a command in a container; the handle can be awaited, iterated, written to and killed. */
  exec(argv: readonly string[], options: ExecOptions = {}): ExecHandle {
    return new ExecHandle(this.#session, argv, options);
  }

  /** Runs a further command in a running container; its streams come from ioStream. */
  async enterContainer(
    containerId: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ container: Container; process: Process }> {
    return await this.#session.run("enterContainer", "shared", options, async (held) => {
      const process = await enterContainer(held, containerId, cmd);
      return { container: containerView(this.id, held.container(containerId)), process };
    });
  }

  async killContainer(
    containerId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.signalProcess(containerId, containerId, signal, all, options);
  }

  /** Waits for a process; no deadline unless one is given. The exit code, or 128 + the signal's number. */
  async waitProcess(
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<number> {
    return await this.#session.run(
      "waitProcess",
      "moment",
      options,
      (held) => waitProcess(held, containerId, processId),
      undefined,
    );
  }

  async signalProcess(
    containerId: string,
    processId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#session.run("signalProcess", "shared", options, (held) =>
      signalProcess(held, containerId, processId, signal, all),
    );
  }

  /** Tells a process's terminal its size: rows and columns, 1 to 65535. */
  async winsizeProcess(
    containerId: string,
    processId: string,
    height: number,
    width: number,
    options: CallOptions = {},
  ): Promise<void> {
    const verb = winsizeProcess(containerId, processId, height, width);
    await this.#session.run("winsizeProcess", "shared", options, verb);
  }

  /**
   * The streams of a process that is not detached. They end with the process, or when this object is released.
   * A connection that breaks is made anew, and output goes on where it was. With `stdoutOffset` or
   * `stderrOffset` it begins there: reading then asks for no more than was taken, and another process can go
   * on at the offset of the last piece. INVALID_ARGUMENT for what was acknowledged, by asking for what follows.
   */
  async ioStream(
    containerId: string,
    processId: string,
    options: CallOptions & IOOffsets = {},
  ): Promise<IOStream> {
    const verb = ioStream(containerId, processId, options);
    return await this.#session.run("ioStream", "moment", options, verb);
  }

  /** Where the output of a process goes from now on, for a reader that leaves. */
  async setOutput(
    containerId: string,
    processId: string,
    target: OutputTarget,
    options: CallOptions = {},
  ): Promise<void> {
    const verb = setOutput(containerId, processId, target);
    await this.#session.run("setOutput", "shared", options, verb);
  }

  /** What the guest and its agent count, in the text format of Prometheus. Guests choose what they tell. */
  async metrics(options: CallOptions = {}): Promise<string> {
    return await this.#session.run("metrics", "shared", options, guest.guestMetrics);
  }

  /** How full the file system is that holds a path of the guest. */
  async guestVolumeStats(guestPath: string, options: CallOptions = {}): Promise<VolumeStats> {
    const verb = guest.guestVolumeStats(guestPath);
    return await this.#session.run("guestVolumeStats", "shared", options, verb);
  }

  /** Makes the file system of a volume as large as its device has become; `sizeBytes` is what it should be then. */
  async resizeGuestVolume(
    guestPath: string,
    sizeBytes: number,
    options: CallOptions = {},
  ): Promise<void> {
    const verb = guest.resizeGuestVolume(guestPath, sizeBytes);
    await this.#session.run("resizeGuestVolume", "shared", options, verb);
  }

  /** The guest's packet filter, as iptables-save prints it. */
  async getIPTables(isIPv6: boolean, options: CallOptions = {}): Promise<string> {
    return await this.#session.run("getIPTables", "shared", options, guest.getIPTables(isIPv6));
  }

  /**
   * Sets the guest's packet filter; `rules` is what iptables-restore reads, at most 1 MiB. INVALID_ARGUMENT when
   * the guest refuses them, NOT_SUPPORTED when it has no iptables.
   */
  async setIPTables(isIPv6: boolean, rules: string, options: CallOptions = {}): Promise<void> {
    const verb = guest.setIPTables(isIPv6, rules);
    await this.#session.run("setIPTables", "shared", options, verb);
  }

  /** What the guest can tell to find a fault with; which kinds there are is the agent's to say. */
  async diagnosticData(
    kind: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<string> {
    const verb = guest.diagnosticData(kind, containerId);
    return await this.#session.run("diagnosticData", "shared", options, verb);
  }

  /** The id of the next container in which something is killed for want of memory; no deadline unless one is given. */
  async getOOMEvent(options: CallOptions = {}): Promise<string> {
    const verb = guest.nextOOMEvent;
    return await this.#session.run("getOOMEvent", "moment", options, verb, undefined);
  }

  /** Runs a program of the guest itself on a terminal, a shell by default, to look for what is wrong in it. */
  async openConsole(
    console: ConsoleOptions = {},
    options: CallOptions = {},
  ): Promise<GuestConsole> {
    return await this.#session.run("openConsole", "shared", options, (held) =>
      openConsole(held, console),
    );
  }

  /**
   * Copies a file or folder of the host into a container: into a folder that is there, else to that name. Files,
   * folders, links, modes and times are copied, and owners with `archive`; what can't be is told in the result. A
   * path that ends with `/.` stands for what is in the folder. INVALID_STATE unless the sandbox is ready or
   * running; NO_SPACE where a limit is passed.
   */
  async copyTo(
    containerId: string,
    hostPath: string,
    guestPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { copyTo } = await import("../container/verbs/copy.ts");
    const how = checkedCopy(options, { hostPath, guestPath });
    return await this.#session.run(
      "copyTo",
      "shared",
      options,
      (held) => copyTo(held, containerId, hostPath, guestPath, how),
      copyTimeoutMs,
    );
  }

  /**
   * Copies a file or folder of a container to the host, as copyTo. Nothing is written outside of the target,
   * whatever the guest says; links that lead out of what is copied are left out, set-user-id bits are dropped.
   */
  async copyFrom(
    containerId: string,
    guestPath: string,
    hostPath: string,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { copyFrom } = await import("../container/verbs/copy.ts");
    const how = checkedCopy(options, { guestPath, hostPath });
    return await this.#session.run(
      "copyFrom",
      "shared",
      options,
      (held) => copyFrom(held, containerId, guestPath, hostPath, how),
      copyTimeoutMs,
    );
  }

  /** Unpacks a tar stream in a folder of a container, as copyTo; owners are kept unless `archive` is false. */
  async importTar(
    containerId: string,
    guestPath: string,
    stream: AsyncIterable<Uint8Array>,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { importTar } = await import("../container/verbs/copy.ts");
    const how = checkedCopy(options, { guestPath });
    return await this.#session.run(
      "importTar",
      "shared",
      options,
      (held) => importTar(held, containerId, guestPath, stream, how),
      copyTimeoutMs,
    );
  }

  /** A file or folder of a container, as a tar stream, handed to `write` piece by piece. */
  async exportTar(
    containerId: string,
    guestPath: string,
    write: (data: Uint8Array) => void | Promise<void>,
    options: CopyCallOptions = {},
  ): Promise<CopyResult> {
    const { exportTar } = await import("../container/verbs/copy.ts");
    const how = checkedCopy(options, { guestPath });
    return await this.#session.run(
      "exportTar",
      "shared",
      options,
      (held) => exportTar(held, containerId, guestPath, write, how),
      copyTimeoutMs,
    );
  }
}
