import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs } from "../operation/operate.ts";
import { runs } from "../store/record/record.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { wipe } from "./delete.ts";
import { type Garbage, tidy } from "./tidy.ts";

export type { Garbage };

export interface GarbageOptions extends CallOptions {
  /** Only says what would be removed. */
  dryRun?: boolean | undefined;
  /** Also sandboxes that are stopped, or whose VM has died. */
  stopped?: boolean | undefined;
}

/** Removes what killed processes left, of sandboxes and of images, and gives what it was. */
export async function collectGarbage(
  context: Context,
  options: GarbageOptions,
): Promise<Garbage[]> {
  const found = await collectSandboxes(context, undefined, options);
  const { dryRun = false, signal, timeoutMs } = options;
  const swept = await context.images.sweep({ dryRun, signal, timeoutMs });
  return [
    ...found,
    ...swept.map((name): Garbage => ({ kind: "image", name, reason: "its maker is gone" })),
  ];
}

/** The same for sandboxes alone: of one, or of all. Whoever is at work on one holds its lock, and it is passed over. */
export async function collectSandboxes(
  context: Context,
  only: string | undefined,
  options: GarbageOptions,
): Promise<Garbage[]> {
  using deadline = new Deadline(options, defaultTimeoutMs, "reclaim");
  const found: Garbage[] = [];
  for (const id of await context.store.ids()) {
    deadline.check();
    if (only !== undefined && id !== only) continue;
    if (!(await context.store.isUnlocked(id))) continue;
    using lock = await context.store.lockLeftover(id, deadline.signal);
    if (lock !== undefined) found.push(...(await collectSafely(context, id, options)));
  }
  return found;
}

/** What is wrong with one ledger is no reason to leave other sandboxes' garbage. */
async function collectSafely(
  context: Context,
  id: string,
  options: GarbageOptions,
): Promise<Garbage[]> {
  try {
    return await collectOne(context, id, options);
  } catch (error) {
    if (!isVirtError(error, "STATE_INVALID")) throw error;
    context.logger.warn({ err: error, sandboxId: id }, "a damaged sandbox is left as it is");
    return [];
  }
}

async function collectOne(
  context: Context,
  id: string,
  { dryRun = false, stopped = false }: GarbageOptions,
): Promise<Garbage[]> {
  const sandbox = await readSandbox(context, id);
  if (sandbox === "damaged") return await collectDamaged(context, id, { dryRun, stopped });
  const reason = await whyLeft(context, sandbox, stopped);
  if (reason !== undefined) {
    if (!dryRun) await remove(context, id, sandbox, reason);
    return [{ kind: "sandbox", name: id, reason }];
  }
  if (sandbox === undefined) return [];
  if (!dryRun) await context.events.catchUp(sandbox);
  return await tidy(context, sandbox, dryRun);
}

/** One that was never whole was never told of. */
async function remove(
  context: Context,
  id: string,
  sandbox: StoredSandbox | undefined,
  reason: string,
): Promise<void> {
  const wasWhole = sandbox !== undefined && sandbox.state !== "creating";
  if (wasWhole) await context.events.catchUp(sandbox);
  await wipe(context, new Connection(context, id), id);
  if (wasWhole) await context.events.record({ type: "deleted", sandboxId: id, reason });
}

/** Whether one counts as stopped of which no state can be read, its processes tell. */
async function collectDamaged(
  context: Context,
  id: string,
  { dryRun, stopped }: GarbageOptions,
): Promise<Garbage[]> {
  if (!stopped) return [];
  for (const { record } of context.store.ledger(id).entries()) {
    if (await runs(context.host, record)) return [];
  }
  const reason = "its state is damaged, and nothing of it runs";
  if (!dryRun) await remove(context, id, undefined, reason);
  return [{ kind: "sandbox", name: id, reason }];
}

/** A damaged one is its user's to judge. */
async function readSandbox(
  context: Context,
  id: string,
): Promise<StoredSandbox | "damaged" | undefined> {
  try {
    return await context.store.readIfThere(id);
  } catch (error) {
    if (isVirtError(error, "STATE_INVALID")) return "damaged";
    throw error;
  }
}

async function whyLeft(
  context: Context,
  sandbox: StoredSandbox | undefined,
  stopped: boolean,
): Promise<string | undefined> {
  if (sandbox === undefined || sandbox.state === "creating") return "its creation was not finished";
  if (sandbox.bootId !== (await context.host.bootId())) return "the machine has been restarted";
  if (!stopped || (sandbox.state !== "stopped" && (await isVmAlive(context, sandbox)))) return;
  return sandbox.state === "stopped" ? "it is stopped" : "its VM has died";
}
