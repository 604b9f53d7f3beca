import { hookName } from "../container/hooks.ts";
import { deleteContainer } from "../container/verbs/delete.ts";
import { type CallOptions, Deadline } from "../deadline.ts";
import { settle, unsettledOf } from "../network/verbs/settle.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { markGone } from "../operation/refresh.ts";
import { type Operation, operation } from "../operation/run-verb.ts";
import { releaseOrphans } from "../storage/block/drives.ts";
import type { Hold } from "../store/hold.ts";
import type { LedgerRecord } from "../store/ledger.ts";
import { about } from "../store/record/record.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";

/** One thing that nobody needs any more. */
export interface Garbage {
  /** `image`: what an interrupted pull, import or removal left. */
  kind: "sandbox" | "container" | "image" | "network" | LedgerRecord["kind"];
  /** An id, the name of a process, or a path. */
  name: string;
  /** The sandbox that held it, and stays. */
  sandboxId?: string | undefined;
  reason: string;
}

export interface GarbageOptions extends CallOptions {
  /** Only says what would be removed. */
  dryRun?: boolean | undefined;
  /** Also sandboxes that are stopped, or whose VM has died. */
  stopped?: boolean | undefined;
}

/** What a look at one sandbox has in hand, while it is held. */
export interface Collecting {
  context: Context;
  hold: Hold;
  deadline: Deadline;
  options: GarbageOptions;
}

/** Of a sandbox that stays: what was for a VM that is gone, and containers that were never whole. */
export async function collectStale(
  collecting: Collecting,
  sandbox: StoredSandbox,
): Promise<Garbage[]> {
  const { context } = collecting;
  const dryRun = collecting.options.dryRun ?? false;
  const sandboxId = sandbox.id;
  const files = await context.store.sweepWrites(sandboxId, dryRun);
  const found = files.map(
    (name): Garbage => ({ kind: "file", name, sandboxId, reason: "its writer was killed" }),
  );
  const runs = sandbox.state !== "stopped" && (await isVmAlive(context, sandbox));
  const more = runs
    ? [
        ...(await collectHooks(context, sandboxId, dryRun)),
        ...(await collectContainers(collecting, sandbox, dryRun)),
        ...(await collectNetworks(collecting, sandbox, dryRun)),
      ]
    : await collectVmResources(context, sandbox, dryRun);
  return [...found, ...more];
}

/** A hook runs no longer than the operation that ran it, and there is none. */
async function collectHooks(
  context: Context,
  sandboxId: string,
  dryRun: boolean,
): Promise<Garbage[]> {
  const ledger = context.store.ledger(sandboxId);
  const isHook = (record: LedgerRecord): boolean =>
    record.kind === "process" && record.name === hookName;
  const left = ledger.entries().filter(({ record }) => isHook(record));
  if (!dryRun) await ledger.release(isHook);
  const reason = "whoever ran it was killed";
  return left.map(() => ({ kind: "process", name: hookName, sandboxId, reason }));
}

async function collectVmResources(
  context: Context,
  sandbox: StoredSandbox,
  dryRun: boolean,
): Promise<Garbage[]> {
  const ledger = context.store.ledger(sandbox.id);
  const found = ledger.entries().flatMap(({ record }) => garbageOf(record, sandbox.id));
  if (dryRun) return found;
  await ledger.releaseVm();
  if (sandbox.vm !== undefined || sandbox.containers.some(({ state }) => state !== "stopped")) {
    await markGone(context, sandbox);
    delete sandbox.cgroup;
    delete sandbox.network;
    await context.store.write(sandbox);
  }
  return found;
}

function garbageOf(record: LedgerRecord, sandboxId: string): Garbage[] {
  const { life, name } = about(record);
  return life === "vm" ? [{ kind: record.kind, name, sandboxId, reason: "its VM is gone" }] : [];
}

/** How long one guest may take to let go of what was half made in it. */
const guestTimeoutMs = 15_000;

async function collectContainers(
  collecting: Collecting,
  sandbox: StoredSandbox,
  dryRun: boolean,
): Promise<Garbage[]> {
  const { context } = collecting;
  if (sandbox.state !== "ready" && sandbox.state !== "running") return [];
  const left = sandbox.containers.filter(({ state }) => state === "creating");
  const found = left.map(({ id }) => ({
    kind: "container" as const,
    name: id,
    sandboxId: sandbox.id,
    reason: "its creation was not finished",
  }));
  if (dryRun) return found;
  await releaseOrphans(context, sandbox, context.store.ledger(sandbox.id));
  const done = await inGuest(collecting, sandbox, "its half-made containers stay", async (held) => {
    for (const container of left) await deleteContainer(held, container);
  });
  return done ? found : [];
}

/** Links that came half way to the guest, or did not leave it yet. */
async function collectNetworks(
  collecting: Collecting,
  sandbox: StoredSandbox,
  dryRun: boolean,
): Promise<Garbage[]> {
  if (sandbox.state !== "ready" && sandbox.state !== "running") return [];
  const ledger = collecting.context.store.ledger(sandbox.id);
  const { links, records } = unsettledOf(sandbox, ledger.entries());
  const reason = "whoever connected or disconnected it was killed";
  const found = [
    ...links.map((name): Garbage => ({ kind: "link", name, sandboxId: sandbox.id, reason })),
    ...records.map(
      (record): Garbage => ({
        kind: record.kind,
        name: about(record).name,
        sandboxId: sandbox.id,
        reason,
      }),
    ),
  ];
  if (dryRun || found.length === 0) return found;
  return (await inGuest(collecting, sandbox, "its half-made links stay", settle)) ? found : [];
}

/** What a guest refuses is no reason to leave other sandboxes' garbage. */
async function inGuest(
  { context, hold, deadline }: Collecting,
  sandbox: StoredSandbox,
  otherwise: string,
  work: (held: Operation) => Promise<void>,
): Promise<boolean> {
  using limit = new Deadline({ signal: deadline.signal }, guestTimeoutMs, "reclaim");
  const connection = new Connection(context, sandbox.id);
  try {
    await work(operation(context, connection, sandbox, limit, hold));
    return true;
  } catch (error) {
    deadline.check();
    context.logger.warn({ err: error, sandboxId: sandbox.id }, otherwise);
    return false;
  } finally {
    await connection.close();
  }
}
