import type { OutputTarget } from "../agent/agent.ts";
import type { Cmd, ContainerConfig } from "../container/config.ts";
import { type Container, containerView } from "../container/container.ts";
import { createContainer } from "../container/create.ts";
import { deleteContainer } from "../container/delete.ts";
import { enterContainer, execIdOf, type Process } from "../container/enter.ts";
import { ExecHandle } from "../container/exec.ts";
import type { ExecOptions } from "../container/exec-options.ts";
import { type IOStream, ioStream } from "../container/io.ts";
import { signalProcess } from "../container/kill.ts";
import { assertExtension } from "../container/output.ts";
import { startContainer } from "../container/start.ts";
import { stopContainer } from "../container/stop.ts";
import { waitProcess } from "../container/wait.ts";
import type { Context } from "../context.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { followLog, type LogEntry } from "../logs/follow.ts";
import type { Signal } from "../signals.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { integer, parse } from "../validate.ts";
import type { Connection } from "./connection.ts";
import { deleteSandbox } from "./delete.ts";
import { assertReachable, type Holding, type Operation, operate } from "./operate.ts";
import { isVmAlive, refresh } from "./refresh.ts";
import { configFromOptions, type SandboxOptions } from "./short-form.ts";
import { startSandbox } from "./start.ts";
import {
  type ContainerStatus,
  containerStatus,
  type SandboxStatus,
  sandboxStatus,
} from "./status.ts";
import { stopSandbox } from "./stop.ts";

/**
 * A sandbox, seen from this process. The VM lives on when this object is released or this process ends;
 * any other process may fetch the sandbox and go on with it. All methods throw VirtError: with
 * SANDBOX_NOT_FOUND once it was deleted, SANDBOX_DEAD when its VM has ended, TIMEOUT and CANCELED.
 */
export class Sandbox implements AsyncDisposable {
  readonly id: string;
  readonly #context: Context;
  readonly #connection: Connection;
  readonly #deleteOnDispose: boolean;
  #stored: StoredSandbox;

  /** Use Sandbox.create, Sandbox.fetch, or a VirtContainers. */
  constructor(
    context: Context,
    stored: StoredSandbox,
    connection: Connection,
    deleteOnDispose = false,
  ) {
    this.id = stored.id;
    this.#context = context;
    this.#stored = stored;
    this.#connection = connection;
    this.#deleteOnDispose = deleteOnDispose;
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
    return { ...this.#stored.config.annotations };
  }

  /** Runs a command in a container; the handle can be awaited, iterated, written to and killed. */
  exec(argv: readonly string[], options: ExecOptions = {}): ExecHandle {
    return new ExecHandle(this, argv, options);
  }

  /** Starts the sandbox and all its containers; one that was stopped boots anew. */
  async start(options: CallOptions = {}): Promise<void> {
    await this.#operate("start", "exclusive", options, startSandbox, 120_000);
  }

  /** Stops the sandbox; `force` does not ask the guest. Stopping a stopped one is no error. */
  async stop(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    await this.#operate("stop", "exclusive", options, (operation) =>
      stopSandbox(operation, options.force ?? false),
    );
  }

  /** Deletes the sandbox and all it holds of the host; `force` also if it runs. */
  async delete(options: CallOptions & { force?: boolean } = {}): Promise<void> {
    await deleteSandbox(this.#context, this.#connection, this.id, options);
  }

  /** Closes this process's connection; the sandbox goes on. */
  async release(): Promise<void> {
    await this.#connection.release();
  }

  /** The present state, also if the VM or a container died unseen. */
  async status(options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.#operate("status", "shared", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, this.#connection, operation.signal);
      return sandboxStatus(operation.sandbox);
    });
  }

  /** The containers as last seen by this object. */
  containers(): Container[] {
    return this.#stored.containers.map((container) => containerView(this.id, container));
  }

  getContainer(id: string): Container | undefined {
    return this.containers().find((container) => container.id === id);
  }

  async createContainer(config: ContainerConfig, options: CallOptions = {}): Promise<Container> {
    return await this.#operate("createContainer", "exclusive", options, async (operation) =>
      containerView(this.id, await createContainer(operation, config)),
    );
  }

  async startContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.#onContainer("startContainer", id, options, startContainer);
  }

  async stopContainer(
    id: string,
    options: CallOptions & { force?: boolean } = {},
  ): Promise<Container> {
    return await this.#onContainer("stopContainer", id, options, (operation, container) =>
      stopContainer(operation, container, options.force ?? false),
    );
  }

  async deleteContainer(id: string, options: CallOptions = {}): Promise<Container> {
    return await this.#onContainer("deleteContainer", id, options, deleteContainer);
  }

  /** Runs a further command in a running container; its streams come from ioStream. */
  async enterContainer(
    id: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ container: Container; process: Process }> {
    return await this.#operate("enterContainer", "shared", options, async (operation) => {
      const process = await enterContainer(operation, id, cmd);
      return { container: containerView(this.id, operation.container(id)), process };
    });
  }

  async killContainer(
    id: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.signalProcess(id, id, signal, all, options);
  }

  async statusContainer(id: string, options: CallOptions = {}): Promise<ContainerStatus> {
    return await this.#operate("statusContainer", "shared", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, this.#connection, operation.signal);
      return containerStatus(operation.container(id));
    });
  }

  /** Waits for a process; no deadline unless one is given. The exit code, or 128 + the signal's number. */
  async waitProcess(
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<number> {
    return await this.#operate(
      "waitProcess",
      "moment",
      options,
      (operation) => waitProcess(operation, containerId, processId),
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
    await this.#operate("signalProcess", "shared", options, (operation) =>
      signalProcess(operation, containerId, processId, signal, all),
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
    parse(integer(1, 65535, "rows"), height, "height");
    parse(integer(1, 65535, "columns"), width, "width");
    await this.#operate("winsizeProcess", "shared", options, async (operation) => {
      assertReachable(operation, "resize a terminal in", containerId);
      const agent = await operation.agent();
      const execId = execIdOf(containerId, processId);
      await agent.resizeTerminal(containerId, execId, height, width, operation.signal);
    });
  }

  /** The streams of a process that is not detached. They end with the process, or when this object is released. */
  async ioStream(
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<IOStream> {
    return await this.#operate("ioStream", "moment", options, async (operation) => {
      assertReachable(operation, "reach the streams of a process in", containerId);
      return ioStream(await operation.agent(), containerId, execIdOf(containerId, processId));
    });
  }

  /** Where the output of a process goes from now on, for a reader that leaves. */
  async setOutput(
    containerId: string,
    processId: string,
    target: OutputTarget,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#operate("setOutput", "shared", options, async (operation) => {
      assertReachable(operation, "redirect the output of a process in", containerId);
      assertExtension(operation.sandbox, "redirect output");
      const agent = await operation.agent();
      await agent.setOutput(
        containerId,
        execIdOf(containerId, processId),
        target,
        operation.signal,
      );
    });
  }

  /** What a detached container has written; with `follow`, until it ends. */
  async *logs(
    containerId: string,
    options: CallOptions & { follow?: boolean } = {},
  ): AsyncGenerator<LogEntry> {
    using deadline = new Deadline(options, undefined, "logs");
    const ended = new AbortController();
    const path = this.#context.store.folder(this.id).log;
    // In an object, since a promise that an async function returns would be awaited.
    const { gone } = await this.#operate(
      "logs",
      "moment",
      options,
      async ({ sandbox, container }) => {
        container(containerId);
        const alive = sandbox.state !== "stopped" && (await isVmAlive(this.#context, sandbox));
        if (!alive || sandbox.vm === undefined) return { gone: Promise.resolve() };
        const { processes } = this.#context.host;
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

  /** The last lines of the guest's console, made safe to print. */
  async consoleTail(lines = 20, options: CallOptions = {}): Promise<string> {
    return await this.#operate("consoleTail", "moment", options, async ({ sandbox }) =>
      (await this.#connection.vm(sandbox)).consoleTail(lines),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#deleteOnDispose) await this.delete({ force: true });
    else await this.release();
  }

  async #onContainer(
    name: string,
    id: string,
    options: CallOptions,
    verb: (operation: Operation, container: StoredSandbox["containers"][number]) => Promise<void>,
  ): Promise<Container> {
    return await this.#operate(name, "exclusive", options, async (operation) => {
      await refresh(operation.context, operation.sandbox, this.#connection, operation.signal);
      const container = operation.container(id);
      await verb(operation, container);
      await operation.save();
      return containerView(this.id, container);
    });
  }

  async #operate<T>(
    name: string,
    holding: Holding,
    options: CallOptions,
    run: (operation: Operation) => Promise<T>,
    ...timeoutMs: [(number | undefined)?]
  ): Promise<T> {
    const verb =
      timeoutMs.length > 0 ? { name, holding, timeoutMs: timeoutMs[0] } : { name, holding };
    return await operate(this.#context, this.#connection, this.id, verb, options, (operation) => {
      this.#stored = operation.sandbox;
      return run(operation);
    });
  }
}
