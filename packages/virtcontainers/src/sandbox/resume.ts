import { phase } from "../events.ts";
import type { Operation } from "./operate.ts";
import { refresh } from "./refresh.ts";
import { assertAllowed } from "./state.ts";

/** How long the guest may take to set its clock. */
const clockTimeoutMs = 5_000;

/** Lets a paused VM go on where it stopped. Its containers go on too, but for those that were paused themselves. */
export async function resumeSandbox(operation: Operation): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  assertAllowed("resumeSandbox", sandbox);
  const vm = await connection.vm(sandbox);
  // A VM that runs already takes no harm, so who was killed in between is put right by the next one.
  await phase("hypervisor.resume", { sandboxId: sandbox.id }, () => vm.resume(signal));
  sandbox.state = "running";
  await operation.save();
  await context.events.record({ type: "resumed", sandboxId: sandbox.id });
  await setClock(operation);
}

/** The guest's clock stood still with it. */
async function setClock(operation: Operation): Promise<void> {
  const limit = AbortSignal.any([operation.signal, AbortSignal.timeout(clockTimeoutMs)]);
  try {
    const agent = await operation.connection.agent(operation.sandbox, limit);
    await agent.setTime(new Date(), limit);
  } catch (error) {
    operation.signal.throwIfAborted();
    operation.context.logger.warn(
      { err: error, sandboxId: operation.sandbox.id },
      "the clock of a resumed guest could not be set",
    );
  }
}
