import type { Agent } from "../agent/agent.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { containerNotFound, isVirtError, VirtError } from "../errors.ts";
import { type Ability, type VmThatCan, vmThatCan } from "../hypervisor/abilities.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { Hold } from "../store/hold.ts";
import type { LedgerFile } from "../store/ledger-file.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { assertState, rules } from "./state.ts";
import { whileHeld } from "./while-held.ts";

/** Default deadline of an operation on a sandbox that exists. */
export const defaultTimeoutMs = 60_000;

/** What a verb has in hand while it holds a sandbox. */
export interface Operation {
  readonly context: Context;
  readonly connection: Connection;
  readonly sandbox: StoredSandbox;
  readonly deadline: Deadline;
  readonly signal: AbortSignal;
  readonly hold: Hold;
  /** The driver of its VM. INVALID_ARGUMENT if this instance does not have it. */
  readonly hypervisor: Hypervisor;
  /** The VM, to change it, with what it is to be asked. NOT_SUPPORTED if its driver can't; BUSY if the sandbox is no longer held. */
  vm<A extends Ability>(...abilities: A[]): Promise<VmThatCan<A>>;
  agent(): Promise<Agent>;
  ledger(): LedgerFile;
  container(id: string): StoredContainer;
  save(): Promise<void>;
}

/** What is done with a sandbox that is held; what it was asked for has been checked. */
export type Verb<T> = (operation: Operation) => Promise<T>;

/** How a verb holds the sandbox: alone, together with other readers, or only for the moment of reading its state. */
export type Holding = "exclusive" | "shared" | "moment";

/** How a verb is run. */
export interface VerbOptions {
  readonly name: string;
  readonly holding: Holding;
  /** Default deadline in milliseconds, if another than that of all verbs; undefined: none. */
  readonly timeoutMs?: number | undefined;
  /** What is done before, while the sandbox is held. */
  readonly first?: Verb<void> | undefined;
}

/** Runs one verb on an existing sandbox, under its lock and a deadline. */
export async function runVerb<T>(
  context: Context,
  connection: Connection,
  id: string,
  how: VerbOptions,
  options: CallOptions,
  verb: Verb<T>,
): Promise<T> {
  const timeoutMs = "timeoutMs" in how ? how.timeoutMs : defaultTimeoutMs;
  using deadline = new Deadline(options, timeoutMs, how.name);
  const mode = how.holding === "exclusive" ? "exclusive" : "shared";
  const hold = await context.store.lock(id, mode, deadline.signal);
  let seen: StoredSandbox | undefined;
  try {
    return await whileHeld(context, hold, deadline, async (held) => {
      const sandbox = await held.store.read(id);
      seen = sandbox;
      if (how.holding === "exclusive" || !(await isVmAlive(context, sandbox)))
        await held.events.catchUp(sandbox);
      deadline.check();
      const inHand = operation(held, connection, sandbox, deadline, hold);
      return await connection.during(async () => {
        await how.first?.(inHand);
        if (how.holding === "moment") hold.release();
        return await verb(inHand);
      });
    });
  } catch (error) {
    if (seen !== undefined && error === deadline.signal.reason && isVirtError(error, "TIMEOUT"))
      throw await withConsole(error, connection, seen);
    throw error;
  }
}

/** The view of a sandbox that the verbs work on. */
export function operation(
  context: Context,
  connection: Connection,
  sandbox: StoredSandbox,
  deadline: Deadline,
  hold: Hold,
): Operation {
  const { signal } = deadline;
  return {
    context,
    connection,
    sandbox,
    deadline,
    signal,
    hold,
    get hypervisor() {
      return connection.hypervisor(sandbox);
    },
    vm: async (...abilities) => {
      hold.assert();
      const hypervisor = connection.hypervisor(sandbox);
      return await vmThatCan(hypervisor, abilities, sandbox.id, () => connection.vm(sandbox));
    },
    agent: () => connection.agent(sandbox, signal),
    ledger: () => context.store.ledger(sandbox.id),
    container: (id) => {
      const found = sandbox.containers.find((container) => container.id === id);
      if (found === undefined) throw containerNotFound(sandbox.id, id);
      return found;
    },
    save: () => context.store.write(sandbox),
  };
}

/** Does a part of an operation in a time of its own, within the operation's. */
export async function within<T>(
  whole: Operation,
  timeoutMs: number | undefined,
  phase: string,
  work: (part: Operation) => Promise<T>,
): Promise<T> {
  const { context, connection, sandbox, signal, hold } = whole;
  using deadline = new Deadline({ signal }, timeoutMs, phase);
  const part = operation(context, connection, sandbox, deadline, hold);
  return await deadline.race(connection.during(() => work(part)));
}

/** How long it may take to undo what failed. */
const undoTimeoutMs = 10_000;

/** Runs what has to be done though the operation failed, perhaps because its deadline is over. */
export async function undo(
  failed: Operation,
  work: (operation: Operation) => Promise<void>,
): Promise<void> {
  const { context, connection, sandbox, hold } = failed;
  using deadline = new Deadline({}, undoTimeoutMs, "undo");
  try {
    await work(operation(context, connection, sandbox, deadline, hold));
  } catch (error) {
    const fields = { err: error, sandboxId: sandbox.id };
    context.logger.error(fields, "what failed left something behind");
  }
}

/** Throws INVALID_STATE unless the guest can be asked. */
export function assertUp({ sandbox }: Operation, doing: string): void {
  assertState({ sandboxId: sandbox.id }, sandbox.state, doing, rules.askGuest.sandbox);
}

/** Throws CONTAINER_NOT_FOUND, or INVALID_STATE unless the guest can be asked about its processes. */
export function assertReachable(operation: Operation, doing: string, containerId: string): void {
  operation.container(containerId);
  assertUp(operation, doing);
}

/** Adds what the guest last said to a deadline's error. */
async function withConsole(
  error: VirtError,
  connection: Connection,
  sandbox: StoredSandbox,
): Promise<VirtError> {
  const vm = await connection.vm(sandbox).catch(() => undefined);
  const consoleTail = await vm?.consoleTail().catch(() => undefined);
  return new VirtError(error.code, error.message, {
    cause: error,
    sandboxId: sandbox.id,
    containerId: error.containerId,
    phase: error.phase,
    field: error.field,
    hint: error.hint,
    consoleTail,
  });
}
