import type { Cmd, ContainerConfig } from "./container/config.ts";
import type { Container } from "./container/container.ts";
import type { Process } from "./container/enter.ts";
import type { IOStream } from "./container/io.ts";
import type { Context } from "./context.ts";
import { createContext, type VirtContainersOptions } from "./create-context.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import type { Images } from "./image/image.ts";
import type { SandboxConfig } from "./sandbox/config.ts";
import { Connection } from "./sandbox/connection.ts";
import { createSandbox } from "./sandbox/create.ts";
import { listSandboxes } from "./sandbox/list.ts";
import { defaultTimeoutMs, operation } from "./sandbox/operate.ts";
import { reclaim } from "./sandbox/reclaim.ts";
import { Sandbox } from "./sandbox/sandbox.ts";
import { startSandbox } from "./sandbox/start.ts";
import type { ContainerStatus, SandboxStatus } from "./sandbox/status.ts";
import type { Signal } from "./signals.ts";
import { id as idSchema, parse } from "./validate.ts";

type Force = CallOptions & { force?: boolean };

/**
 * The interface of the Go library virtcontainers: sandboxes and containers by id, from any process. All
 * methods throw VirtError. Nothing is global; a program may have several instances.
 */
export class VirtContainers {
  readonly #context: Context;

  constructor(options: VirtContainersOptions = {}) {
    this.#context = createContext(options);
  }

  /** The image store. */
  get images(): Images {
    return this.#context.images;
  }

  /** Boots a VM and creates the containers; state `ready`. Default deadline 300 s. */
  async createSandbox(config: SandboxConfig, options: CallOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await createSandbox(this.#context, config, options);
    return new Sandbox(this.#context, sandbox, connection);
  }

  /** As createSandbox, and starts the containers; state `running`. `await using` deletes it at the end if `deleteOnDispose`. */
  async runSandbox(
    config: SandboxConfig,
    options: CallOptions & { deleteOnDispose?: boolean } = {},
  ): Promise<Sandbox> {
    const context = this.#context;
    const { sandbox, connection } = await createSandbox(
      context,
      config,
      options,
      (created, deadline) =>
        startSandbox(operation(context, created.connection, created.sandbox, deadline)),
    );
    return new Sandbox(context, sandbox, connection, options.deleteOnDispose ?? false);
  }

  async startSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.#on(id, options, (sandbox) => sandbox.start(options));
  }

  async stopSandbox(id: string, options: Force = {}): Promise<Sandbox> {
    return await this.#on(id, options, (sandbox) => sandbox.stop(options));
  }

  /** A running sandbox is refused, unless `force` is set. */
  async deleteSandbox(id: string, options: Force = {}): Promise<void> {
    parse(idSchema, id, "sandboxId");
    const { deleteSandbox } = await import("./sandbox/delete.ts");
    await deleteSandbox(this.#context, new Connection(this.#context, id), id, options);
  }

  /** Finds an existing sandbox, whoever is at work on it. Release it, or take it with `await using`. */
  async fetchSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    parse(idSchema, id, "sandboxId");
    using deadline = new Deadline(options, defaultTimeoutMs, "fetch");
    const stored = await deadline.race(this.#context.store.read(id));
    return new Sandbox(this.#context, stored, new Connection(this.#context, id));
  }

  async listSandbox(options: CallOptions = {}): Promise<SandboxStatus[]> {
    return await listSandboxes(this.#context, options);
  }

  async statusSandbox(id: string, options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.#use(id, options, (sandbox) => sandbox.status(options));
  }

  async createContainer(
    sandboxId: string,
    config: ContainerConfig,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container }> {
    return await this.#withSandbox(sandboxId, options, async (sandbox) => ({
      container: await sandbox.createContainer(config, options),
    }));
  }

  async startContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.#use(sandboxId, options, (sandbox) =>
      sandbox.startContainer(containerId, options),
    );
  }

  async stopContainer(
    sandboxId: string,
    containerId: string,
    options: Force = {},
  ): Promise<Container> {
    return await this.#use(sandboxId, options, (sandbox) =>
      sandbox.stopContainer(containerId, options),
    );
  }

  /** A running container is refused. */
  async deleteContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<Container> {
    return await this.#use(sandboxId, options, (sandbox) =>
      sandbox.deleteContainer(containerId, options),
    );
  }

  async enterContainer(
    sandboxId: string,
    containerId: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container; process: Process }> {
    return await this.#withSandbox(sandboxId, options, (sandbox) =>
      sandbox.enterContainer(containerId, cmd, options),
    );
  }

  async killContainer(
    sandboxId: string,
    containerId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#use(sandboxId, options, (sandbox) =>
      sandbox.killContainer(containerId, signal, all, options),
    );
  }

  async statusContainer(
    sandboxId: string,
    containerId: string,
    options: CallOptions = {},
  ): Promise<ContainerStatus> {
    return await this.#use(sandboxId, options, (sandbox) =>
      sandbox.statusContainer(containerId, options),
    );
  }

  async waitProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<number> {
    return await this.#use(sandboxId, options, (sandbox) =>
      sandbox.waitProcess(containerId, processId, options),
    );
  }

  async signalProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    signal: Signal,
    all = false,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#use(sandboxId, options, (sandbox) =>
      sandbox.signalProcess(containerId, processId, signal, all, options),
    );
  }

  async winsizeProcess(
    sandboxId: string,
    containerId: string,
    processId: string,
    height: number,
    width: number,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#use(sandboxId, options, (sandbox) =>
      sandbox.winsizeProcess(containerId, processId, height, width, options),
    );
  }

  /** The connection is given back when stdout and stderr have been closed. */
  async ioStream(
    sandboxId: string,
    containerId: string,
    processId: string,
    options: CallOptions = {},
  ): Promise<IOStream> {
    const sandbox = await this.fetchSandbox(sandboxId, options);
    try {
      const io = await sandbox.ioStream(containerId, processId, options);
      let open = 2;
      const closed = (): void => {
        if (--open === 0) sandbox.release().catch(() => {});
      };
      io.stdout.once("close", closed);
      io.stderr.once("close", closed);
      return io;
    } catch (error) {
      await sandbox.release();
      throw error;
    }
  }

  /** Releases what killed processes left behind: of one sandbox, or of all. Gives the ids of those it removed. */
  async reclaim(id?: string, options: CallOptions = {}): Promise<string[]> {
    return await reclaim(this.#context, id, options);
  }

  /** Fetches, works, and hands the sandbox to the caller. */
  async #withSandbox<T extends object>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T & { sandbox: Sandbox }> {
    const sandbox = await this.fetchSandbox(id, options);
    try {
      return { ...(await work(sandbox)), sandbox };
    } catch (error) {
      await sandbox.release();
      throw error;
    }
  }

  async #on(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    const { sandbox } = await this.#withSandbox(id, options, async (found) => {
      await work(found);
      return {};
    });
    return sandbox;
  }

  /** Fetches, works, and releases. */
  async #use<T>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    await using sandbox = await this.fetchSandbox(id, options);
    return await work(sandbox);
  }
}
