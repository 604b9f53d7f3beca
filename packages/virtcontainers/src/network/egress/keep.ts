import { join } from "node:path";
import type { Operation } from "../../operation/run-verb.ts";
import type { LedgerRecord } from "../../store/record/record.ts";
import { isVmAlive } from "../../store/vm-alive.ts";
import { helperName, startHelper } from "./enforce.ts";
import { enforcementOf } from "./open.ts";

/**
 * Starts the helper of a sandbox again that has ended while its VM goes on. Where it can't be started nothing passes, and
 * the sandbox can be stopped all the same.
 */
export async function keepEgress(operation: Operation): Promise<void> {
  const { context, sandbox, signal } = operation;
  if (sandbox.network?.egress === undefined || (await isThere(operation))) return;
  if (!(await isVmAlive(context, sandbox))) return;
  const fields = { sandboxId: sandbox.id };
  try {
    await startAgain(operation);
    context.logger.warn(fields, "the egress policy's helper had ended; it runs again");
  } catch (error) {
    signal.throwIfAborted();
    context.logger.error(
      { ...fields, err: error },
      "the egress policy's helper has ended and can't be started: nothing leaves the sandbox",
    );
  }
}

async function startAgain(operation: Operation): Promise<void> {
  const { context, sandbox, signal } = operation;
  const path = join(context.store.folder(sandbox.id).path, "egress.lock");
  using _lock = await context.host.locks.acquire(path, "exclusive", {
    create: true,
    timeoutMs: 60_000,
    signal,
  });
  if (await isThere(operation)) return;
  const enforcement = await enforcementOf(context, sandbox);
  if (enforcement === undefined) return;
  const ledger = operation.ledger();
  await ledger.release(isHelper);
  await startHelper(context.host, enforcement, ledger, signal);
}

function isHelper(record: LedgerRecord): boolean {
  return record.kind === "process" && record.name === helperName;
}

async function isThere({ ledger, context }: Operation): Promise<boolean> {
  for (const { record } of ledger().entries()) {
    if (record.kind !== "process" || record.name !== helperName) continue;
    const { pid, startTime } = record;
    if (pid === undefined || startTime === undefined) continue;
    if (await context.host.processes.isAlive({ pid, startTime })) return true;
  }
  return false;
}
