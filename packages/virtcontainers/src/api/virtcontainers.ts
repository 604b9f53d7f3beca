import type { ContainerStats } from "../agent/stats.ts";
import type { Cmd } from "../config/cmd.ts";
import type { ConsoleOptions } from "../config/console.ts";
import type { ContainerConfig } from "../config/container.ts";
import type { EventsOptions } from "../config/events.ts";
import type { ListOptions } from "../config/list.ts";
import type { Resize } from "../config/resize.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import type { Container } from "../container/container.ts";
import type { IOOffsets, IOStream } from "../container/process/io.ts";
import type { Process } from "../container/verbs/enter.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import type { Images } from "../image/image.ts";
import type { VirtEvent } from "../journal/event.ts";
import { watchEvents } from "../monitor/events.ts";
import { readTrace, type Trace } from "../monitor/trace.ts";
import { createNetworks } from "../network/definitions/networks.ts";
import type { Networks } from "../network/networks.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs, runVerb } from "../operation/run-verb.ts";
import { connectSandbox } from "../sandbox/connect.ts";
import type { GuestConsole } from "../sandbox/console.ts";
import { createSandbox } from "../sandbox/create.ts";
import { fetchSandbox } from "../sandbox/fetch.ts";
import type { Garbage, GarbageOptions } from "../sandbox/garbage.ts";
import { listSandboxes } from "../sandbox/list.ts";
import { reclaim } from "../sandbox/reclaim.ts";
import { runSandbox } from "../sandbox/run.ts";
import { type SandboxStats, statsOfAll } from "../sandbox/stats.ts";
import type { SandboxStatus } from "../sandbox/status.ts";
import type { VmSize } from "../store/vm-size.ts";
import { id as idSchema, parse } from "../validate.ts";
import type { Volumes } from "../volume/volume.ts";
import { addForms, type FormsById } from "./by-id.ts";
import { createContext, type VirtContainersOptions } from "./create-context.ts";
import type { PodConfig, PodStatus } from "./pod.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";

type Force = CallOptions & { force?: boolean };

/** Options of a call that makes a sandbox; `deleteOnDispose: false` lets it outlive its `await using`. */
type MakeOptions = CallOptions & { deleteOnDispose?: boolean };

export interface VirtContainers extends FormsById {}

/**
 * The interface of the Go library virtcontainers: sandboxes and containers by id, from any process. All
 * methods throw VirtError. Nothing is global; a program may have several instances. What a Sandbox can do as
 * well works as there.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: addForms adds what the interface says
export class VirtContainers {
  static {
    addForms(VirtContainers.prototype);
  }

  // Private, so that a program that prints an instance does not print it.
  readonly #context: Context;

  constructor(options: VirtContainersOptions = {}) {
    this.#context = createContext(options);
  }

  /** The image store. */
  get images(): Images {
    return this.#context.images;
  }

  /** The named volumes. */
  get volumes(): Volumes {
    return this.#context.volumes;
  }

  /** The named networks. */
  get networks(): Networks {
    return createNetworks(this.#context);
  }

  /**
   * Boots a VM and creates the containers, if any; state `ready`. `await using` stops and deletes it at the end, unless
   * `deleteOnDispose` is false. Default deadline 300 s.
   */
  async createSandbox(config: SandboxConfig, options: MakeOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await createSandbox(this.#context, config, options);
    return openSandbox(this.#context, sandbox, connection, options.deleteOnDispose ?? true);
  }

  /**
   * As createSandbox, and starts the containers; state `running`.
   * INVALID_ARGUMENT without `containers`: an empty list makes a VM to which they are added later.
   */
  async runSandbox(config: SandboxConfig, options: MakeOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await runSandbox(this.#context, config, options);
    return openSandbox(this.#context, sandbox, connection, options.deleteOnDispose ?? true);
  }

  /** Finds an existing sandbox, whoever is at work on it. Release it, or take it with `await using`. */
  async fetchSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await fetchSandbox(this.#context, id, options);
    return openSandbox(this.#context, sandbox, connection);
  }

  /** Finds a sandbox that commands can be run in, as Sandbox.connect. */
  async connectSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { sandbox, connection } = await connectSandbox(this.#context, id, options);
    return openSandbox(this.#context, sandbox, connection);
  }

  /** The sandboxes of this user, the oldest first; with `labels` or `state` those that they are true of. */
  async listSandbox(options: ListOptions = {}): Promise<SandboxStatus[]> {
    return await listSandboxes(this.#context, options);
  }

  async statusSandbox(id: string, options: CallOptions = {}): Promise<SandboxStatus> {
    return await this.#use(id, options, (sandbox) => sandbox.status(options));
  }

  /** What a running sandbox uses of the host, and its containers of the guest. */
  async statsSandbox(
    id: string,
    options: CallOptions = {},
  ): Promise<{ sandboxStats: SandboxStats; containerStats: ContainerStats[] }> {
    parse(idSchema, id, "sandboxId");
    const connection = new Connection(this.#context, id);
    try {
      const verb = { name: "stats", holding: "shared" } as const;
      return await runVerb(this.#context, connection, id, verb, options, statsOfAll);
    } finally {
      await connection.close();
    }
  }

  /** Starts a sandbox and all its containers; one that was stopped boots anew. */
  async startSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.#change(id, options, (sandbox) => sandbox.start(options));
  }

  /** Stops a sandbox; `force` does not ask the guest. */
  async stopSandbox(id: string, options: Force = {}): Promise<Sandbox> {
    return await this.#change(id, options, (sandbox) => sandbox.stop(options));
  }

  /** Halts the VM of a running sandbox with all that is in it. */
  async pauseSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.#change(id, options, (sandbox) => sandbox.pause(options));
  }

  /** Lets a paused sandbox go on. */
  async resumeSandbox(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.#change(id, options, (sandbox) => sandbox.resume(options));
  }

  /** Gives the VM of a running sandbox another size, as Sandbox.resize. */
  async resizeSandbox(id: string, size: Resize, options: CallOptions = {}): Promise<VmSize> {
    return await this.#use(id, options, (sandbox) => sandbox.resize(size, options));
  }

  /** A running sandbox is refused, unless `force` is set. */
  async deleteSandbox(id: string, options: Force = {}): Promise<void> {
    parse(idSchema, id, "sandboxId");
    const { deleteSandbox } = await import("../sandbox/delete.ts");
    const connection = new Connection(this.#context, id);
    try {
      await deleteSandbox(this.#context, connection, id, options);
    } finally {
      // One that is refused has asked the guest.
      await connection.close();
    }
  }

  /** As createSandbox. */
  async createPod(config: PodConfig, options: MakeOptions = {}): Promise<Sandbox> {
    return await this.createSandbox(config, options);
  }

  /** As runSandbox. */
  async runPod(config: PodConfig, options: MakeOptions = {}): Promise<Sandbox> {
    return await this.runSandbox(config, options);
  }

  /** As startSandbox. */
  async startPod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.startSandbox(id, options);
  }

  /** As stopSandbox. */
  async stopPod(id: string, options: Force = {}): Promise<Sandbox> {
    return await this.stopSandbox(id, options);
  }

  /** As pauseSandbox. */
  async pausePod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.pauseSandbox(id, options);
  }

  /** As resumeSandbox. */
  async resumePod(id: string, options: CallOptions = {}): Promise<Sandbox> {
    return await this.resumeSandbox(id, options);
  }

  /** As deleteSandbox. */
  async deletePod(id: string, options: Force = {}): Promise<void> {
    await this.deleteSandbox(id, options);
  }

  /** As listSandbox. */
  async listPod(options: ListOptions = {}): Promise<PodStatus[]> {
    return await this.listSandbox(options);
  }

  /** As statusSandbox. */
  async statusPod(id: string, options: CallOptions = {}): Promise<PodStatus> {
    return await this.statusSandbox(id, options);
  }

  async createContainer(
    sandboxId: string,
    config: ContainerConfig,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container }> {
    return await this.#keep(sandboxId, options, async (sandbox) => ({
      container: await sandbox.createContainer(config, options),
    }));
  }

  /** Runs a further command in a running container; its streams come from ioStream. */
  async enterContainer(
    sandboxId: string,
    containerId: string,
    cmd: Cmd,
    options: CallOptions = {},
  ): Promise<{ sandbox: Sandbox; container: Container; process: Process }> {
    return await this.#keep(sandboxId, options, (sandbox) =>
      sandbox.enterContainer(containerId, cmd, options),
    );
  }

  /** As Sandbox.ioStream; the connection is given back when stdout and stderr have been closed. */
  async ioStream(
    sandboxId: string,
    containerId: string,
    processId: string,
    options: CallOptions & IOOffsets = {},
  ): Promise<IOStream> {
    const { io } = await this.#lend(sandboxId, options, async (sandbox) => ({
      io: await sandbox.ioStream(containerId, processId, options),
    }));
    return io;
  }

  /**
   * Runs a program of the guest itself on a terminal, a shell by default. The connection is given back when
   * it has ended and what it wrote was read or closed.
   */
  async openConsole(
    sandboxId: string,
    console: ConsoleOptions = {},
    options: CallOptions = {},
  ): Promise<GuestConsole> {
    const lent = await this.#lend(sandboxId, options, async (sandbox) => {
      const opened = await sandbox.openConsole(console, options);
      // All that is shown comes from stdout, so nobody reads this one to its end or hears its errors.
      opened.io.stderr.on("error", () => {}).resume();
      return { io: opened.io, ended: opened.exited, opened };
    });
    return lent.opened;
  }

  /**
   * What happens to sandboxes and containers, whichever process does it: each event once, in order for
   * each sandbox. Begins now, or with what is kept since a time. No deadline unless one is given.
   */
  events(options: EventsOptions = {}): AsyncGenerator<VirtEvent> {
    return watchEvents(this.#context, options);
  }

  /** How long the steps of a sandbox's create took; without an id, of the last create, also if it failed. */
  async trace(id?: string, options: CallOptions = {}): Promise<Trace> {
    if (id !== undefined) parse(idSchema, id, "sandboxId");
    using deadline = new Deadline(options, defaultTimeoutMs, "trace");
    return await deadline.race(readTrace(this.#context, id));
  }

  /** Releases what killed processes left behind: of one sandbox, or of all. Gives the ids of those it removed. */
  async reclaim(id?: string, options: CallOptions = {}): Promise<string[]> {
    return await reclaim(this.#context, id, options);
  }

  /**
   * Releases all that killed processes left behind, of sandboxes and of images, and gives what it was. Living
   * and stopped sandboxes stay, unless `stopped` is set; with `dryRun` everything does. Default deadline 60 s.
   */
  async collectGarbage(options: GarbageOptions = {}): Promise<Garbage[]> {
    const { collectGarbage } = await import("../sandbox/garbage.ts");
    return await collectGarbage(this.#context, options);
  }

  /** Fetches a sandbox, works, and releases it. */
  async #use<T>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    await using sandbox = await this.fetchSandbox(id, options);
    return await work(sandbox);
  }

  /** Fetches a sandbox, works, and hands it to the caller. */
  async #keep<T extends object>(
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

  /** As #keep, for work that gives nothing. */
  async #change(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<void>,
  ): Promise<Sandbox> {
    const { sandbox } = await this.#keep(id, options, async (found) => {
      await work(found);
      return {};
    });
    return sandbox;
  }

  /** As #keep, and releases when the streams that the work gives are closed, and what they belong to has ended. */
  async #lend<T extends { io: IOStream; ended?: Promise<unknown> }>(
    id: string,
    options: CallOptions,
    work: (sandbox: Sandbox) => Promise<T>,
  ): Promise<T> {
    const lent = await this.#keep(id, options, work);
    const closed = [lent.io.stdout, lent.io.stderr].map(
      (stream) => new Promise((resolve) => stream.once("close", resolve)),
    );
    Promise.allSettled([...closed, lent.ended])
      .then(() => lent.sandbox.release())
      .catch(() => {});
    return lent;
  }
}
