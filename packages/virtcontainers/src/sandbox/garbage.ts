import { Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import { collectUses } from "../network/collect.ts";
import { repairNetworks } from "../network/definitions/repair/repair.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs } from "../operation/run-verb.ts";
import { whileHeld } from "../operation/while-held.ts";
import { sweepScratch } from "../storage/block/scratch.ts";
import { runs } from "../store/record/record.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import {
  type Collecting,
  collectStale,
  type Garbage,
  type GarbageOptions,
} from "./collect-stale.ts";
import { readDamaged, wipe } from "./delete.ts";
import { isToBeDeleted } from "./lifetime.ts";

export type { Garbage, GarbageOptions };

/** Removes what killed processes left, of sandboxes and of images, and gives what it was. */
export async function collectGarbage(
  context: Context,
  options: GarbageOptions,
): Promise<Garbage[]> {
  using deadline = new Deadline(options, defaultTimeoutMs, "reclaim");
  const { signal } = deadline;
  const found = await collectSandboxes(context, undefined, { ...options, signal });
  const { dryRun = false } = options;
  const uses = await deadline.race(collectUses(context, dryRun, signal));
  const damage = await deadline.race(repairNetworks(context, dryRun, signal));
  const swept = await deadline.race(context.images.sweep({ dryRun, signal }));
  const layers = await sweepScratch(context, dryRun);
  const cut = await context.store.sweepOwnWrites(dryRun);
  return [
    ...found,
    ...cut.map((name): Garbage => ({ kind: "file", name, reason: "its writer was killed" })),
    ...layers.map((name): Garbage => ({ kind: "file", name, reason: "its sandbox is gone" })),
    ...uses.map((name): Garbage => ({ kind: "cni", name, reason: "its sandbox is gone" })),
    ...damage.map(({ network, what }): Garbage => {
      const reason = `another tool took away ${what}, ${dryRun ? "which can be" : "which was"} made anew`;
      return { kind: "network", name: network, reason };
    }),
    ...swept.map((name): Garbage => ({ kind: "image", name, reason: "its maker is gone" })),
  ];
}

/** Removes what killed processes left of sandboxes alone: of one, or of all. Whoever is at work on one holds its lock, and it is passed over. */
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
    const hold = await context.store.lockIdle(id);
    if (hold === undefined) continue;
    const collect = (held: Context): Promise<Garbage[]> =>
      collectSafely({ context: held, hold, deadline, options }, id);
    found.push(...(await whileHeld(context, hold, deadline, collect)));
  }
  const left = await deadline.race(context.store.sweep(only, options.dryRun ?? false));
  const reason = "whoever made or removed a sandbox was killed";
  return [...found, ...left.map((name): Garbage => ({ kind: "file", name, reason }))];
}

/** What is wrong with one ledger is no reason to leave other sandboxes' garbage. */
async function collectSafely(collecting: Collecting, id: string): Promise<Garbage[]> {
  try {
    return await collectOne(collecting, id);
  } catch (error) {
    if (!isVirtError(error, "STATE_INVALID")) throw error;
    const fields = { err: error, sandboxId: id };
    collecting.context.logger.warn(fields, "a damaged sandbox is left as it is");
    return [];
  }
}

async function collectOne(collecting: Collecting, id: string): Promise<Garbage[]> {
  const { context, options } = collecting;
  const { dryRun = false, stopped = false } = options;
  const sandbox = await readDamaged(context, id);
  if (sandbox === "damaged") return await collectDamaged(context, id, { dryRun, stopped });
  const reason = await whyLeft(context, sandbox, stopped);
  if (reason !== undefined) {
    if (!dryRun) await remove(context, id, sandbox, reason);
    return [{ kind: "sandbox", name: id, reason }];
  }
  if (sandbox === undefined) return [];
  if (!dryRun) await context.events.catchUp(sandbox);
  return await collectStale(collecting, sandbox);
}

async function remove(
  context: Context,
  id: string,
  sandbox: StoredSandbox | "damaged" | undefined,
  reason: string,
): Promise<void> {
  // Of one that is deleted nothing more is told.
  if (typeof sandbox === "object" && !sandbox.deleting) await context.events.catchUp(sandbox);
  await wipe(context, new Connection(context, id), id, { sandbox, reason });
}

/** Whether one counts as stopped of which no state can be read, its processes tell. */
async function collectDamaged(
  context: Context,
  id: string,
  { dryRun, stopped }: { dryRun: boolean; stopped: boolean },
): Promise<Garbage[]> {
  if (!stopped) return [];
  for (const { record } of context.store.ledger(id).entries()) {
    if (await runs(context.host, record)) return [];
  }
  const reason = "its state is damaged, and nothing of it runs";
  if (!dryRun) await remove(context, id, "damaged", reason);
  return [{ kind: "sandbox", name: id, reason }];
}

async function whyLeft(
  context: Context,
  sandbox: StoredSandbox | undefined,
  stopped: boolean,
): Promise<string | undefined> {
  if (sandbox === undefined || sandbox.state === "creating") return "its creation was not finished";
  if (sandbox.deleting) return "its removal was not finished";
  if (sandbox.bootId !== (await context.host.bootId())) return "the machine has been restarted";
  if (await isToBeDeleted(context, sandbox)) return "its time was over";
  if (!stopped || (sandbox.state !== "stopped" && (await isVmAlive(context, sandbox)))) return;
  return sandbox.state === "stopped" ? "it is stopped" : "its VM has died";
}
