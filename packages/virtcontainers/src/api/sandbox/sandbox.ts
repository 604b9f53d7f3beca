import { Annotations } from "../../config/container.ts";
import { ExecHandle } from "../../container/process/exec.ts";
import type { ExecOptions } from "../../container/process/exec-options.ts";
import { type CallOptions, Deadline } from "../../deadline.ts";
import { VirtError } from "../../errors.ts";
import { followLog, type LogEntry } from "../../logs/follow.ts";
import { type MonitorOptions, monitor } from "../../monitor/monitor.ts";
import type { Connection } from "../../operation/connection.ts";
import type { Context } from "../../operation/context.ts";
import { refresh } from "../../operation/refresh.ts";
import { type Resize, resizeSandbox } from "../../resources/resize-sandbox.ts";
import type { VmSize } from "../../resources/sums.ts";
import { isConfiguration } from "../../sandbox/annotations/apply.ts";
import { deleteSandbox } from "../../sandbox/delete.ts";
import { pauseSandbox } from "../../sandbox/pause.ts";
import { resumeSandbox } from "../../sandbox/resume.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { type SandboxStats, statsSandbox } from "../../sandbox/stats.ts";
import { type SandboxStatus, sandboxStatus } from "../../sandbox/status.ts";
import { stopSandbox } from "../../sandbox/stop.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { isVmAlive } from "../../store/vm-alive.ts";
import { parse } from "../../validate.ts";
import { unlessGone } from "../gone.ts";
import { configFromOptions, type SandboxOptions } from "./short-form.ts";
import { SandboxCopies } from "./transfer.ts";

/**
 * A sandbox, seen from this process. The VM lives on when this object is released or this process ends;
 * any other process may fetch the sandbox and go on with it. All methods throw VirtError: with
 * SANDBOX_NOT_FOUND once it was deleted, SANDBOX_DEAD when its VM has ended, TIMEOUT and CANCELED.
 */
export class Sandbox extends SandboxCopies implements AsyncDisposable {
  readonly #deleteOnDispose: boolean;
  /** Each sandbox has another, whatever its id. */
  readonly #token: string;

  /** Use Sandbox.create, Sandbox.fetch, or a VirtContainers. */
  constructor(
    context: Context,
    stored: StoredSandbox,
    connection: Connection,
    deleteOnDispose = false,
  ) {
    super(context, stored, connection);
    this.#deleteOnDispose = deleteOnDispose;
    this.#token = stored.token;
  }

  /**
   * Makes and starts a sandbox with one container, `main`, that waits for commands to be run with exec.
   * `await using` stops and deletes it at the end.
   */
  static async create(options: SandboxOptions = {}): Promise<Sandbox> {
    const config = configFromOptions(options);
    const { defaultInstance } = await import("../default-instance.ts");
    return await defaultInstance().runSandbox(config, { ...options, deleteOnDispose: true });
  }

  /** Finds a sandbox that any process of this user made. `await using` only releases it at the end. */
  static async fetch(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { defaultInstance } = await import("../default-instance.ts");
    return await defaultInstance().fetchSandbox(id, options);
  }

  get annotations(): Readonly<Record<string, string>> {
    return { ...this.stored.config.annotations };
  }

  /** Runs a command in a container; the handle can be awaited, iterated, written to and killed. */
  exec(argv: readonly string[], options: ExecOptions = {}): ExecHandle {
    return new ExecHandle(this, argv, options);
  }

  /** Starts the sandbox and all its containers; one that was stopped boots anew. */
  async start(options: CallOptions = {}): Promise<void> {
    await this.operate("start", "exclusive", options, startSandbox, 120_000);
  }

  /** Stops the sandbox; `force` does not ask the guest. Stopping a stopped one is no error. */
  async stop(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    await this.operate("stop", "exclusive", options, (operation) =>
      stopSandbox(operation, options.force ?? false),
    );
  }

  /** Halts the VM of a running sandbox with all that is in it. Calls under way wait until it is resumed. */
  async pause(options: CallOptions = {}): Promise<void> {
    await this.operate("pause", "exclusive", options, pauseSandbox);
  }

  /** Lets a paused sandbox go on. */
  async resume(options: CallOptions = {}): Promise<void> {
    await this.operate("resume", "exclusive", options, resumeSandbox);
  }

  /**
   * Gives the VM another number of CPUs or amount of memory while it runs: all that the guest has. Memory grows
   * in steps of 128 MiB, so what is given back may be more. NOT_SUPPORTED beyond the maxima that it was started
   * with, TIMEOUT if the guest does not part with memory in use.
   */
  async resize(size: Resize, options: CallOptions = {}): Promise<VmSize> {
    return await this.operate("resize", "exclusive", options, (operation) =>
      resizeSandbox(operation, size),
    );
  }

  /** Deletes the sandbox and all it holds of the host; `force` also if it runs. */
  async delete(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    await deleteSandbox(this.context, this.connection, this.id, options);
    await this.letGo();
  }

  /** Closes this process's connection; the sandbox goes on. */
  async release(): Promise<void> {
    await this.letGo();
  }

  /** The present state, also if the VM or a container died unseen. */
  async status(options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.operate("status", "shared", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, this.connection, operation.signal);
      return await sandboxStatus(operation.context, operation.sandbox);
    });
  }

  /** What a running sandbox uses of the host. */
  async stats(options: CallOptions = {}): Promise<SandboxStats> {
    return await this.operate("stats", "shared", options, statsSandbox);
  }

  /** Adds annotations, or gives those that are there other values. */
  async setAnnotations(
    annotations: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<void> {
    const more = parse(Annotations, annotations, "annotations");
    const late = Object.keys(more).find(isConfiguration);
    if (late !== undefined)
      throw new VirtError("INVALID_ARGUMENT", `the annotation ${late} counts at a create only`, {
        field: late,
        hint: "Create the sandbox with it, or leave it out.",
      });
    await this.operate("setAnnotations", "exclusive", options, async ({ sandbox, save }) => {
      sandbox.config.annotations = { ...sandbox.config.annotations, ...more };
      await save();
    });
  }

  /** What a detached container has written; with `follow`, until it ends. */
  async *logs(
    containerId: string,
    options: CallOptions & { follow?: boolean } = {},
  ): AsyncGenerator<LogEntry> {
    using deadline = new Deadline(options, undefined, "logs");
    const ended = new AbortController();
    const path = this.context.store.folder(this.id).log;
    // In an object, since a promise that an async function returns would be awaited.
    const { gone } = await this.operate(
      "logs",
      "moment",
      options,
      async ({ sandbox, container }) => {
        container(containerId);
        const alive = sandbox.state !== "stopped" && (await isVmAlive(this.context, sandbox));
        if (!alive || sandbox.vm === undefined) return { gone: Promise.resolve() };
        const { processes } = this.context.host;
        return { gone: processes.waitGone(sandbox.vm.process, ended.signal).catch(() => {}) };
      },
    );
    const follow = options.follow ?? false;
    try {
      yield* followLog(path, containerId, {
        follow,
        ended: Promise.resolve(gone),
        signal: deadline.signal,
      });
    } finally {
      ended.abort();
    }
  }

  /**
   * Tells what is wrong with the sandbox, as errors that are not thrown: SANDBOX_DEAD when its VM has ended,
   * which is the last one; TIMEOUT when its agent does not answer, once until it answers again; SHARE_DEAD when
   * the daemon of its shared folders has ended. Ends when the sandbox is stopped or deleted. No deadline unless one is given.
   */
  monitor(options: MonitorOptions = {}): AsyncGenerator<VirtError> {
    return monitor(this.context, this.connection, this.id, options);
  }

  /** The last lines of the guest's console, made safe to print. */
  async consoleTail(lines = 20, options: CallOptions = {}): Promise<string> {
    return await this.operate("consoleTail", "moment", options, async ({ sandbox }) =>
      (await this.connection.vm(sandbox)).consoleTail(lines),
    );
  }

  /** A sandbox that is gone already, or another that has its id by now, is not an error and not touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#deleteOnDispose && (await this.#isStillThere())) {
      await unlessGone(this.delete({ force: true }));
    }
    await this.release();
  }

  /** What is damaged can't be told from it. */
  async #isStillThere(): Promise<boolean> {
    const { store } = this.context;
    const there = await store.readIfThere(this.id).catch(() => ({ token: this.#token }));
    return there?.token === this.#token;
  }
}
