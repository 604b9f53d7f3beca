import type { ContainerStats } from "../agent/stats.ts";
import type { Operation } from "../sandbox/operate.ts";
import { assertState } from "../sandbox/state.ts";

/** What a container uses of the guest. */
export async function statsContainer(
  operation: Operation,
  containerId: string,
): Promise<ContainerStats> {
  const { sandbox, signal } = operation;
  const { state } = operation.container(containerId);
  assertState("sandbox", sandbox.id, sandbox.state, "ask for statistics of a container in", [
    "running",
  ]);
  assertState("container", containerId, state, "ask for statistics of", ["running", "paused"]);
  const agent = await operation.agent();
  return await agent.statsContainer(containerId, signal);
}
