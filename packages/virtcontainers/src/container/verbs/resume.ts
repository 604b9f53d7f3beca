import type { Agent } from "../../agent/agent.ts";
import { isVirtError } from "../../errors.ts";
import { phase } from "../../events.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";
import type { StoredContainer } from "../../store/schema.ts";

/** Lets the processes of a paused container go on. */
export async function resumeContainer(
  operation: Operation,
  container: StoredContainer,
): Promise<void> {
  const { context, sandbox, signal } = operation;
  assertAllowed("resumeContainer", sandbox, container);
  const agent = await operation.agent();
  await phase("agent.resumeContainer", { sandboxId: sandbox.id, containerId: container.id }, () =>
    thaw(agent, container.id, signal),
  );
  container.state = "running";
  const told = { sandboxId: sandbox.id, containerId: container.id };
  await context.events.record({ type: "resumed", ...told });
}

/** A pause that was cut short may never have reached the guest, which then refuses; a second one makes them agree. */
async function thaw(agent: Agent, containerId: string, signal: AbortSignal): Promise<void> {
  try {
    await agent.resumeContainer(containerId, signal);
  } catch (error) {
    if (!isVirtError(error, "AGENT_ERROR")) throw error;
    await agent.pauseContainer(containerId, signal);
    await agent.resumeContainer(containerId, signal);
  }
}
