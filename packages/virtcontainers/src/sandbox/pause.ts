import { phase } from "../events.ts";
import { refresh } from "../operation/refresh.ts";
import { type Operation, undo } from "../operation/run-verb.ts";
import { assertAllowed } from "../operation/state.ts";
import { holdEnd } from "./lifetime.ts";

/** Halts the VM with all that is in it; until it is resumed the guest answers nothing. */
export async function pauseSandbox(operation: Operation): Promise<void> {
  const { context, sandbox, connection, signal } = operation;
  await refresh(context, sandbox, connection, signal);
  assertAllowed("pauseSandbox", sandbox);
  const vm = await operation.vm("pause", "resume");
  // Written first: a halted VM that counted as running would be asked, and not answer.
  const { ends } = sandbox;
  sandbox.state = "paused";
  sandbox.ends = holdEnd(sandbox);
  await operation.save();
  try {
    await phase("hypervisor.pause", { sandboxId: sandbox.id }, () => vm.pause(signal));
    context.host.failpoint("pause.after");
  } catch (error) {
    await undo(operation, async (undoing) => {
      await vm.resume(undoing.signal).catch(() => {});
      sandbox.state = "running";
      sandbox.ends = ends;
      await undoing.save();
    });
    throw error;
  }
  await context.events.record({ type: "paused", sandboxId: sandbox.id });
}
