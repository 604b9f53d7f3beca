import { Deadline } from "../deadline.ts";
import { phase } from "../events.ts";
import { refresh } from "../operation/refresh.ts";
import type { Operation } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { resumeEnd } from "./lifetime.ts";

/** How long the guest may take to set its clock. */
const clockTimeoutMs = 5_000;

/** Lets a paused VM go on where it stopped. Its containers go on too, but for those that were paused themselves. */
export async function resumeSandbox(operation: Operation): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  assertAllowed("resumeSandbox", sandbox);
  const vm = await operation.vm("resume");
  // A VM that runs already takes no harm, so who was killed in between is put right by the next one.
  await phase("hypervisor.resume", { sandboxId: sandbox.id }, () => vm.resume(signal));
  context.host.failpoint("resume.after");
  sandbox.state = "running";
  sandbox.ends = resumeEnd(sandbox);
  await operation.save();
  await context.events.record({ type: "resumed", sandboxId: sandbox.id });
  await setClock(operation);
}

/** The guest's clock stood still with it. */
async function setClock(operation: Operation): Promise<void> {
  using limit = new Deadline({ signal: operation.signal }, clockTimeoutMs, "resume");
  try {
    const agent = await operation.connection.agent(operation.sandbox, limit.signal);
    await agent.setTime(new Date(), limit.signal);
  } catch (error) {
    operation.signal.throwIfAborted();
    operation.context.logger.warn(
      { err: error, sandboxId: operation.sandbox.id },
      "the clock of a resumed guest could not be set",
    );
  }
}
