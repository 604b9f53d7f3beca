import { lifetimeFeature } from "../agent/features.ts";
import { TimeoutSchema } from "../config/lifetime.ts";
import { VirtError } from "../errors.ts";
import { readOver } from "../logs/over.ts";
import type { Context } from "../operation/context.ts";
import type { Verb } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import { parse } from "../validate.ts";

/** The VM ends after this time from now on, whatever was said before; undefined: it does not. */
export function setTimeoutOf(input: number | undefined): Verb<void> {
  const timeoutMs = parse(TimeoutSchema, input, "timeoutMs");
  return async (operation) => {
    const { sandbox, signal } = operation;
    assertAllowed("setTimeout", sandbox);
    assertLifetime(sandbox);
    const idleTimeoutMs = sandbox.config.lifetime?.idleTimeoutMs;
    const agent = await operation.agent();
    // Counted from before the guest is told: it ends no sooner than that.
    setEnd(sandbox, timeoutMs);
    await agent.setLifetime({ timeoutMs, idleTimeoutMs }, signal);
    await operation.save();
  };
}

/** NOT_SUPPORTED by an agent that does not end its machine: nobody else could, once its maker is gone. */
export function assertLifetime(sandbox: Pick<StoredSandbox, "id" | "agentFeatures">): void {
  if (sandbox.agentFeatures.includes(lifetimeFeature)) return;
  throw new VirtError(
    "NOT_SUPPORTED",
    "lifetime: the agent of this guest can't end its machine by itself",
    {
      sandboxId: sandbox.id,
      field: "lifetime",
      hint: "Leave it out, or use this project's guest.",
    },
  );
}

export function setEnd(sandbox: StoredSandbox, timeoutMs: number | undefined): void {
  if (timeoutMs === undefined) delete sandbox.ends;
  else sandbox.ends = { at: new Date(Date.now() + timeoutMs).toISOString() };
}

/** The time of a VM that is halted stands still with it. */
export function holdEnd({ ends }: StoredSandbox): StoredSandbox["ends"] {
  if (ends === undefined || "leftMs" in ends) return ends;
  return { leftMs: Math.max(0, Date.parse(ends.at) - Date.now()) };
}

export function resumeEnd({ ends }: StoredSandbox): StoredSandbox["ends"] {
  if (ends === undefined || "at" in ends) return ends;
  return { at: new Date(Date.now() + ends.leftMs).toISOString() };
}

/** Whether its time was over, and it was to be deleted then: nobody needs it any more. */
export async function isToBeDeleted(context: Context, sandbox: StoredSandbox): Promise<boolean> {
  const { config, state, logCarrier } = sandbox;
  if (config.lifetime?.onTimeout !== "delete" || state === "creating") return false;
  if (await isVmAlive(context, sandbox)) return false;
  return (await readOver(context.store.folder(sandbox.id).log(logCarrier))) !== undefined;
}
