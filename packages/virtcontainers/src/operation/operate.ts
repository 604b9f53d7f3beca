import { setTimeout } from "node:timers/promises";
import type { Agent } from "../agent/agent.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { containerNotFound, VirtError } from "../errors.ts";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import type { LedgerFile } from "../store/ledger-file.ts";
import type { StoredContainer, StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { assertState, rules } from "./state.ts";

/** Default deadline of an operation on a sandbox that exists. */
export const defaultTimeoutMs = 60_000;

/** How long work may go on after its deadline before it is left to itself. */
const settleMs = 2_000;

/** What a verb has in hand while it holds a sandbox. */
export interface Operation {
  readonly context: Context;
  readonly connection: Connection;
  readonly sandbox: StoredSandbox;
  readonly deadline: Deadline;
  readonly signal: AbortSignal;
  /** The driver of its VM. INVALID_ARGUMENT if this instance does not have it. */
  readonly hypervisor: Hypervisor;
  agent(): Promise<Agent>;
  ledger(): LedgerFile;
  container(id: string): StoredContainer;
  save(): Promise<void>;
}

/** What is done with a sandbox that is held; what it was asked for has been checked. */
export type Verb<T> = (operation: Operation) => Promise<T>;

/** How a verb holds the sandbox: alone, together with other readers, or only for the moment of reading its state. */
export type Holding = "exclusive" | "shared" | "moment";

/** Runs one verb on an existing sandbox, under its lock and a deadline. */
export async function operate<T>(
  context: Context,
  connection: Connection,
  id: string,
  verb: { name: string; holding: Holding; timeoutMs?: number | undefined },
  options: CallOptions,
  run: (operation: Operation) => Promise<T>,
): Promise<T> {
  const timeoutMs = "timeoutMs" in verb ? verb.timeoutMs : defaultTimeoutMs;
  using deadline = new Deadline(options, timeoutMs, verb.name);
  const mode = verb.holding === "exclusive" ? "exclusive" : "shared";
  using lock = await context.store.lock(id, mode, deadline.signal);
  const sandbox = await context.store.read(id);
  if (verb.holding === "exclusive" || !(await isVmAlive(context, sandbox)))
    await deadline.race(context.events.catchUp(sandbox));
  if (verb.holding === "moment") lock.release();
  const work = run(operation(context, connection, sandbox, deadline));
  try {
    return await deadline.race(work);
  } catch (error) {
    await settled(work);
    if (error instanceof VirtError && error.code === "TIMEOUT")
      throw await withConsole(error, connection, sandbox);
    throw error;
  }
}

/** Gives work that was told to end the time to do so, so that the lock is not given up under its hands. */
async function settled(work: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  await Promise.race([
    work.catch(() => {}),
    setTimeout(settleMs, undefined, { signal }).catch(() => {}),
  ]);
  patience.abort();
}

/** The view of a sandbox that the verbs work on. */
export function operation(
  context: Context,
  connection: Connection,
  sandbox: StoredSandbox,
  deadline: Deadline,
): Operation {
  const { signal } = deadline;
  let hypervisor: Hypervisor | undefined;
  return {
    context,
    connection,
    sandbox,
    deadline,
    signal,
    get hypervisor() {
      hypervisor ??= context.hypervisors.of(sandbox.config);
      return hypervisor;
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

/** How long it may take to undo what failed. */
const undoTimeoutMs = 10_000;

/** Runs what has to be done though the operation failed, perhaps because its deadline is over. */
export async function undo(
  failed: Operation,
  work: (operation: Operation) => Promise<void>,
): Promise<void> {
  const { context, connection, sandbox } = failed;
  using deadline = new Deadline({}, undoTimeoutMs, "undo");
  try {
    await work(operation(context, connection, sandbox, deadline));
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
