import type { ExecOptions } from "../config/exec.ts";
import type { ListOptions } from "../config/list.ts";
import type { MonitorOptions } from "../config/monitor.ts";
import type { SandboxOptions } from "../config/sandbox-options.ts";
import { type Commands, commandsOf } from "../container/commands/commands.ts";
import type { Container } from "../container/container.ts";
import { type ExecHandle, startExec } from "../container/exec/handle.ts";
import { type Files, filesOf } from "../container/files/files.ts";
import { type Shell, shellOf } from "../container/shell/sh.ts";
import type { CallOptions } from "../deadline.ts";
import type { VirtError } from "../errors.ts";
import type { LogEntry } from "../logs/follow.ts";
import { monitor } from "../monitor/monitor.ts";
import { networkByDefault } from "../network/default.ts";
import type { EgressDecision } from "../network/egress/audit.ts";
import { egressLog } from "../network/egress/log.ts";
import { followNetwork } from "../network/follow.ts";
import type { NetworkChange } from "../network/verbs/rescan.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { connectSandbox } from "../sandbox/connect.ts";
import { deleteSandbox } from "../sandbox/delete.ts";
import { disposeSandbox } from "../sandbox/dispose.ts";
import { fetchSandbox } from "../sandbox/fetch.ts";
import { listSandboxes } from "../sandbox/list.ts";
import { sandboxLogs } from "../sandbox/logs.ts";
import { runSandbox } from "../sandbox/run.ts";
import type { SandboxStatus } from "../sandbox/status.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { addMethod, entriesOf } from "./forms.ts";
import type { ForceOptions, SandboxMethods } from "./sandbox-methods.ts";
import { sandboxVerbs } from "./sandbox-verbs.ts";
import { Session } from "./session.ts";
import { configFromOptions } from "./short-form.ts";

let construct: (session: Session, deleteOnDispose: boolean) => Sandbox;

/** A sandbox that was just made or found, for a caller. */
export function openSandbox(
  context: Context,
  stored: StoredSandbox,
  connection: Connection,
  deleteOnDispose = false,
): Sandbox {
  return construct(new Session(context, stored, connection), deleteOnDispose);
}

export interface Sandbox extends SandboxMethods {}

/**
 * A sandbox, seen from this process. The VM lives on when this object is released or this process ends;
 * any other process may fetch the sandbox and go on with it. All methods throw VirtError: with
 * SANDBOX_NOT_FOUND once it was deleted, SANDBOX_DEAD when its VM has ended, TIMEOUT and CANCELED.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the static block adds what the interface says
export class Sandbox implements AsyncDisposable {
  static {
    construct = (session, deleteOnDispose) => new Sandbox(session, deleteOnDispose);
    for (const [name, { before, verb, ...how }] of entriesOf(sandboxVerbs)) {
      addMethod(Sandbox.prototype, name, async function (this: Sandbox, ...args: unknown[]) {
        const run = Reflect.apply(verb, undefined, args);
        return await this.#session.run({ name, ...how }, args[before] ?? {}, run);
      });
    }
  }

  // Private, so that a program that prints a Sandbox does not print it.
  readonly #session: Session;
  readonly #deleteOnDispose: boolean;
  readonly id: string;

  /** Use Sandbox.create, Sandbox.fetch, or a VirtContainers. */
  private constructor(session: Session, deleteOnDispose: boolean) {
    this.id = session.id;
    this.#session = session;
    this.#deleteOnDispose = deleteOnDispose;
  }

  /**
   * Makes and starts a sandbox with a container, `main`, that waits for commands to be run with exec. It is connected to
   * the bridge of this host, unless `network` or VIRTC_NETWORK says otherwise, or this user can't have networks.
   * `await using` stops and deletes it at the end.
   */
  static async create(options: SandboxOptions = {}): Promise<Sandbox> {
    const { defaultContext } = await import("./default-context.ts");
    const context = defaultContext();
    const config = configFromOptions(options, await networkByDefault(context));
    const { sandbox, connection } = await runSandbox(context, config, options);
    return openSandbox(context, sandbox, connection, true);
  }

  /** Finds a sandbox that any process of this user made. `await using` only releases it at the end. */
  static async fetch(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { defaultContext } = await import("./default-context.ts");
    const { sandbox, connection } = await fetchSandbox(defaultContext(), id, options);
    return openSandbox(defaultContext(), sandbox, connection);
  }

  /**
   * Finds a sandbox that commands can be run in: one that is paused goes on, one whose VM has ended is SANDBOX_DEAD.
   * `await using` only releases it at the end.
   */
  static async connect(id: string, options: CallOptions = {}): Promise<Sandbox> {
    const { defaultContext } = await import("./default-context.ts");
    const { sandbox, connection } = await connectSandbox(defaultContext(), id, options);
    return openSandbox(defaultContext(), sandbox, connection);
  }

  /** The sandboxes of this user, the oldest first; with `labels` or `state` those that they are true of. */
  static async list(options: ListOptions = {}): Promise<SandboxStatus[]> {
    const { defaultContext } = await import("./default-context.ts");
    return await listSandboxes(defaultContext(), options);
  }

  get annotations(): Readonly<Record<string, string>> {
    return { ...this.#session.stored.config.annotations };
  }

  /** Deletes the sandbox and all it holds of the host; `force` also if it runs. */
  async delete(options: ForceOptions = {}): Promise<void> {
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

  /** What a detached container has written; with `follow`, until it ends. */
  logs(
    containerId: string,
    options: CallOptions & { follow?: boolean } = {},
  ): AsyncGenerator<LogEntry> {
    return sandboxLogs(this.#session, containerId, options);
  }

  /** What the egress policy has decided, the oldest first, as far as it is kept; with `follow`, until the VM ends. */
  egressLog(options: CallOptions & { follow?: boolean } = {}): AsyncGenerator<EgressDecision> {
    return egressLog(this.#session, options);
  }

  /**
   * Keeps the guest up to date with its network namespace while this is read: links that come are plugged in, those that
   * go are taken out, addresses and routes follow; tells each change. Begins with what has changed before, and ends with
   * the VM. NOT_SUPPORTED without a namespace, or for a link that comes to a sandbox with an egress policy. No deadline
   * unless one is given.
   */
  followNetwork(options: CallOptions = {}): AsyncGenerator<NetworkChange> {
    return followNetwork(this.#session, options);
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

  /** The containers as last seen by this object. */
  containers(): Container[] {
    return this.#session.containers();
  }

  getContainer(containerId: string): Container | undefined {
    return this.containers().find(({ id }) => id === containerId);
  }

  /** The files of its containers: read, write, list, rename, remove and more. */
  get files(): Files {
    return filesOf(this.#session);
  }

  /** Its commands: run, start in the background, list, and connect to from any process. */
  get commands(): Commands {
    return commandsOf(this.#session);
  }

  /**
   * Runs a script of the shell in the container: sandbox.sh`grep -r ${pattern} ${files}`. What is put in is data, never part
   * of the script: a value is one word, a list as many as it has. EXIT_CODE, with the last of what was said, unless
   * `.nothrow()`. With options: sandbox.sh({ cwd: "/srv" })`ls`.
   */
  get sh(): Shell {
    return shellOf(this.#session);
  }

  /** Runs a command in a container; the handle can be awaited, iterated, written to and killed. */
  exec(argv: readonly string[], options: ExecOptions = {}): ExecHandle {
    return startExec(this.#session, argv, options);
  }
}
