import { setTimeout as sleep } from "node:timers/promises";
import { type MonitorOptions, MonitorOptionsSchema } from "../config/monitor.ts";
import { Deadline } from "../deadline.ts";
import { isVirtError, VirtError } from "../errors.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { assertAllowed } from "../operation/state.ts";
import { isShareDead, shareDead } from "../storage/virtiofs/daemon.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { parse } from "../validate.ts";

/** As the Go library's DefaultMonitorCheckInterval. */
export const defaultMonitorIntervalMs = 1_000;
const defaultAnswerMs = 5_000;

/**
 * Watches a sandbox and tells what is wrong with it, as errors that are not thrown: SANDBOX_DEAD when its
 * VM has ended, which is the last one; TIMEOUT when its agent does not answer, and whatever else asking it
 * ends with, once until it answers again; SHARE_DEAD when the daemon of its shared folders has ended. It ends when the sandbox is stopped or deleted, and kills nothing.
 */
export async function* monitor(
  context: Context,
  connection: Connection,
  id: string,
  options: MonitorOptions,
): AsyncGenerator<VirtError> {
  const { intervalMs = defaultMonitorIntervalMs, answerMs = defaultAnswerMs } = parse(
    MonitorOptionsSchema,
    options,
    "options",
  );
  using deadline = new Deadline(options, undefined, "monitor");
  const sandbox = await deadline.race(context.store.read(id));
  assertAllowed("monitorSandbox", sandbox);
  const vm = sandbox.vm;
  if (vm === undefined) return;
  using watch = new Watch(context, vm.process, deadline.signal);
  let answers = true;
  let shares = true;
  for (;;) {
    const problem = await watch.orGone(ask(context, connection, sandbox, answerMs, watch.signal));
    deadline.check();
    if (watch.hasEnded) break;
    if (problem !== undefined && answers) yield problem;
    answers = problem === undefined;
    if (shares && (await isShareDead(context, sandbox))) {
      shares = false;
      yield await shareDead(context, id);
    }
    await watch.orGone(sleep(intervalMs, undefined, { signal: watch.signal }).catch(() => {}));
    deadline.check();
    if (watch.hasEnded) break;
  }
  if (await hasDied(context, sandbox, deadline)) {
    yield new VirtError("SANDBOX_DEAD", `the VM of sandbox ${id} is gone`, {
      sandboxId: id,
      hint: "Start the sandbox again, or delete it; its console may tell why.",
    });
  }
}

/** The end of a VM, which also ends what is being waited for. */
class Watch implements Disposable {
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #gone: Promise<void>;
  hasEnded = false;

  constructor(context: Context, process: { pid: number; startTime: string }, signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#gone = context.host.processes.waitGone(process, this.signal).then(
      () => {
        this.hasEnded = true;
        this.#stop.abort();
      },
      () => {},
    );
  }

  /** Undefined when the VM, or the watching, has ended first. */
  async orGone<T>(work: Promise<T>): Promise<T | undefined> {
    work.catch(() => {});
    return await Promise.race([work, this.#gone.then(() => undefined)]);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}

/** What is wrong with the agent, if something is. One that is paused on purpose does not answer. */
async function ask(
  context: Context,
  connection: Connection,
  sandbox: StoredSandbox,
  answerMs: number,
  signal: AbortSignal,
): Promise<VirtError | undefined> {
  using deadline = new Deadline({ signal, timeoutMs: answerMs }, undefined, "agent.Check");
  try {
    const agent = await deadline.race(connection.agent(sandbox, deadline.signal));
    await deadline.race(agent.check(deadline.signal));
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    const now = await context.store.readIfThere(sandbox.id);
    if (now === undefined || now.state === "paused" || now.state === "stopped") return undefined;
    if (!isVirtError(error)) throw error;
    if (error.code !== "TIMEOUT") return error;
    return new VirtError(
      "TIMEOUT",
      `the agent of sandbox ${sandbox.id} has not answered within ${answerMs} ms`,
      {
        cause: error,
        sandboxId: sandbox.id,
        phase: "agent.Check",
        hint: "The guest hangs, the VMM is stopped, or the host is busy. Stop the sandbox by force to end it.",
      },
    );
  }
}

/** Unless somebody has ended it on purpose, or it has powered off when it was to do so. */
async function hasDied(
  context: Context,
  seen: StoredSandbox,
  deadline: Deadline,
): Promise<boolean> {
  try {
    using _lock = await context.store.lock(seen.id, "shared", deadline.signal);
    const sandbox = await context.store.read(seen.id);
    if (sandbox.vm?.marker !== seen.vm?.marker) return false;
    return (await context.events.catchUp(sandbox)).ended === "died";
  } catch (error) {
    if (isVirtError(error, "SANDBOX_NOT_FOUND")) return false;
    throw error;
  }
}
