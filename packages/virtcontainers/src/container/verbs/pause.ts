import { phase } from "../../events.ts";
import { type Operation, undo } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import type { StoredContainer } from "../../store/schema.ts";

/** Freezes all processes of a running container. */
export async function pauseContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox, signal } = operation;
  assertAllowed("pauseContainer", sandbox, container);
  using _share = await watchShare(operation, container);
  const agent = await operation.agent();
  // Written first: whoever goes on after a death in between resumes what may be frozen.
  container.state = "paused";
  await operation.save();
  try {
    await phase("agent.pauseContainer", { sandboxId: sandbox.id, containerId: container.id }, () =>
      agent.pauseContainer(container.id, signal),
    );
  } catch (error) {
    await undo(operation, async (undoing) => {
      const again = await undoing.agent();
      await again.resumeContainer(container.id, undoing.signal).catch(() => {});
      container.state = "running";
      await undoing.save();
    });
    throw error;
  }
  const told = { sandboxId: sandbox.id, containerId: container.id };
  await context.events.record({ type: "paused", ...told });
}
