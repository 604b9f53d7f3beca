import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import type { Agent } from "../agent/agent.ts";
import { cancelExecFeature } from "../agent/features.ts";
import { isNotFound } from "../agent/not-found.ts";
import { isVirtError, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import { readIfThere, writeAtomic } from "../store/files.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { id } from "../validate.ts";
import type { Context } from "./context.ts";

const sigkill = 9;
/** With more than this a guest is given no further work: it has confirmed nothing for long. */
export const maxOwed = 1024;

const token = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const path = v.pipe(v.string(), v.maxLength(8192));

/** What nobody wants any more in a guest, and whose end that has not confirmed. */
const Owed = v.variant("kind", [
  // A container's id is empty for a process of the guest itself.
  v.strictObject({
    kind: v.literal("process"),
    containerId: v.union([id, v.literal("")]),
    execId: token,
  }),
  v.strictObject({ kind: v.literal("container"), containerId: id }),
  v.strictObject({ kind: v.literal("copies"), containerId: id, path }),
  v.strictObject({ kind: v.literal("part"), containerId: id, path, part: token }),
]);
export type Owed = v.InferOutput<typeof Owed>;

/** As it is written down: with the VM in which it is. */
const Note = v.strictObject({ marker: v.string(), owed: Owed });

/**
 * Writes down what is to be ended in a guest: whoever asks that next does it. It needs no lock, since each has a
 * file of its own; a sandbox that is gone owes nothing, nor one without a VM.
 */
export async function owe(context: Context, sandbox: StoredSandbox, owed: Owed): Promise<void> {
  const folder = context.store.folder(sandbox.id).owed;
  const marker = sandbox.vm?.marker;
  if (marker === undefined) return;
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    if (!isErrno(error, "EEXIST")) throw hostError(error, `making the folder ${folder}`);
  }
  await writeAtomic(join(folder, nameOf(owed)), JSON.stringify({ marker, owed }));
}

/** Ends what is owed in this VM. What the guest does not confirm stays owed, and keeps nothing else from being ended. */
export async function payOwed(
  context: Context,
  sandbox: StoredSandbox,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  const folder = context.store.folder(sandbox.id).owed;
  const errors: unknown[] = [];
  for (const name of (await namesIn(folder)).slice(0, maxOwed)) {
    signal.throwIfAborted();
    const file = join(folder, name);
    const owed = await readOwed(sandbox, file);
    try {
      if (owed === undefined || (await isPaid(sandbox, agent, owed, signal)))
        await rm(file, { force: true });
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `the guest has refused ${errors.length} times`);
}

/** BUSY if an earlier container of the id may still be in the guest, or be made there: its end is owed. */
export async function assertNotOwed(
  context: Context,
  sandbox: StoredSandbox,
  containerId: string,
): Promise<void> {
  const folder = context.store.folder(sandbox.id).owed;
  for (const kind of ["container", "copies"] as const) {
    if ((await readOwed(sandbox, join(folder, `${kind}-${containerId}`))) === undefined) continue;
    throw new VirtError(
      "BUSY",
      `the guest of sandbox ${sandbox.id} has not confirmed that an earlier container ${containerId} is gone`,
      { sandboxId: sandbox.id, containerId, hint: "Try again, or restart the sandbox." },
    );
  }
}

/** BUSY if the guest has confirmed nothing for so long that nothing more is begun in it. */
export async function assertPays(context: Context, sandbox: StoredSandbox): Promise<void> {
  const { length } = await namesIn(context.store.folder(sandbox.id).owed);
  if (length < maxOwed) return;
  throw new VirtError(
    "BUSY",
    `the guest of sandbox ${sandbox.id} has not confirmed the end of ${length} things that were called off`,
    { sandboxId: sandbox.id, hint: "Stop the sandbox by force, and start it again." },
  );
}

async function isPaid(
  sandbox: StoredSandbox,
  agent: Agent,
  owed: Owed,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await end(agent, owed, signal);
    return true;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    // It may be about to be started, where a kill does not hold for what comes later.
    return owed.kind !== "process" || sandbox.agentFeatures.includes(cancelExecFeature);
  }
}

async function end(agent: Agent, owed: Owed, signal: AbortSignal): Promise<void> {
  const { kind } = owed;
  if (kind === "process") await agent.signalProcess(owed.containerId, owed.execId, sigkill, signal);
  else if (kind === "container") await agent.removeContainer(owed.containerId, signal);
  else if (kind === "copies") await agent.removeFile(owed.path, signal);
  else await agent.dropFile(owed.containerId, owed.path, owed.part, signal);
}

function nameOf(owed: Owed): string {
  if (owed.kind === "process") return owed.execId;
  if (owed.kind === "part") return owed.part;
  return `${owed.kind}-${owed.containerId}`;
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw hostError(error, `reading ${folder}`);
  }
}

/** Undefined if it is of an earlier VM; what can't be read is nothing that a process of this library has written. */
async function readOwed(sandbox: StoredSandbox, file: string): Promise<Owed | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Note), text);
  return read.success && read.output.marker === sandbox.vm?.marker ? read.output.owed : undefined;
}

/** The error of a caller, with what the guest has not confirmed. */
export function unconfirmed(reason: unknown, sandboxId: string, what: string): unknown {
  if (!isVirtError(reason)) return reason;
  const { code, message, phase, field, containerId, consoleTail } = reason;
  return new VirtError(code, `${message}; the guest has not confirmed that ${what}`, {
    cause: reason,
    sandboxId,
    containerId,
    phase,
    field,
    consoleTail,
    hint: "That is done as soon as the sandbox can be asked again, by whoever uses it next.",
  });
}
