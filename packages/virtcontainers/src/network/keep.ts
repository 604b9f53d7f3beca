import { join } from "node:path";
import type { Operation } from "../operation/run-verb.ts";
import type { Ledger } from "../store/ledger.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { helperName, startHelper } from "./egress/enforce.ts";
import { enforcementOf } from "./egress/open.ts";
import { monitorName, startMonitor, wantedMonitor } from "./monitor/monitor.ts";
import { forwarderName, isForwarded, publishPorts } from "./publish/publish.ts";

/** A process that serves the network of a sandbox for as long as that has a VM. */
interface Helper {
  /** What the ledger calls it. */
  name: string;
  /** What it is to people, and what becomes of the sandbox without it. */
  title: string;
  without: string;
  isWanted(operation: Operation): boolean;
  start(operation: Operation, ledger: Ledger): Promise<unknown>;
}

const helpers: readonly Helper[] = [
  {
    name: helperName,
    title: "the egress policy's helper",
    without: "nothing leaves the sandbox",
    isWanted: ({ sandbox }) => sandbox.network?.egress !== undefined,
    start: async ({ context, sandbox, signal }, ledger) => {
      const enforcement = await enforcementOf(context, sandbox);
      if (enforcement !== undefined) await startHelper(context.host, enforcement, ledger, signal);
    },
  },
  {
    name: forwarderName,
    title: "the forwarder of the sandbox's ports",
    without: "none of its ports leads to it",
    isWanted: ({ context, sandbox }) => isForwarded(context.host, sandbox),
    start: async ({ context, sandbox }, ledger) => {
      if (sandbox.network !== undefined)
        await publishPorts(context, sandbox, sandbox.network, ledger);
    },
  },
  {
    name: monitorName,
    title: "the network monitor",
    without: "the guest does not follow its namespace",
    isWanted: ({ sandbox }) => wantedMonitor(sandbox) !== undefined,
    start: startMonitor,
  },
];

/**
 * Starts again what has ended of what serves a sandbox's network while its VM goes on. Where that can't be done nothing
 * passes, and the sandbox can be stopped all the same.
 */
export async function keepNetwork(operation: Operation): Promise<void> {
  const { context, sandbox } = operation;
  const { network } = sandbox;
  if (network === undefined) return;
  if (context.host.network.apart && network.created && (await isVmAlive(context, sandbox)))
    await tryTo(operation, "this user's networks", "the sandbox is in no network", async () => {
      const held = await context.host.network.mend();
      if (!held || !(await context.host.network.isNamespace(network.netns)))
        throw new Error("what held them was killed; start the sandbox anew");
      return false;
    });
  for (const helper of helpers) await keepHelper(operation, helper);
}

async function keepHelper(operation: Operation, helper: Helper): Promise<void> {
  const { context, sandbox } = operation;
  if (!helper.isWanted(operation) || (await isThere(operation, helper))) return;
  if (!(await isVmAlive(context, sandbox))) return;
  await tryTo(operation, helper.title, helper.without, () => startAgain(operation, helper));
}

/** Does what makes a thing whole, and tells if it was not, or can't be. */
async function tryTo(
  { context, sandbox, signal }: Operation,
  title: string,
  without: string,
  mend: () => Promise<boolean>,
): Promise<void> {
  const fields = { sandboxId: sandbox.id };
  try {
    if (await mend()) context.logger.warn(fields, `${title} had ended; it runs again`);
  } catch (error) {
    signal.throwIfAborted();
    const text = `${title} has ended and can't be started: ${without}`;
    context.logger.error({ ...fields, err: error }, text);
  }
}

/** False if somebody else has done it meanwhile. */
async function startAgain(operation: Operation, helper: Helper): Promise<boolean> {
  const { context, sandbox, signal } = operation;
  const path = join(context.store.folder(sandbox.id).path, `${helper.name}.lock`);
  using _lock = await context.host.locks.acquire(path, "exclusive", {
    create: true,
    timeoutMs: 60_000,
    signal,
  });
  if (await isThere(operation, helper)) return false;
  const ledger = operation.ledger();
  await ledger.release((record) => record.kind === "process" && record.name === helper.name);
  await helper.start(operation, ledger);
  return true;
}

async function isThere({ ledger, context }: Operation, { name }: Helper): Promise<boolean> {
  for (const { record } of ledger().entries()) {
    if (record.kind !== "process" || record.name !== name) continue;
    const { pid, startTime } = record;
    if (pid === undefined || startTime === undefined) continue;
    if (await context.host.processes.isAlive({ pid, startTime })) return true;
  }
  return false;
}
