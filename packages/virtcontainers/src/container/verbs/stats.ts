import type { ContainerStats } from "../../agent/stats.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { assertAllowed } from "../../operation/state.ts";

/** What a container uses of the guest. */
export async function statsContainer(
  operation: Operation,
  containerId: string,
): Promise<ContainerStats> {
  const { sandbox, signal } = operation;
  const container = operation.container(containerId);
  assertAllowed("statsContainer", sandbox, container);
  const agent = await operation.agent();
  return await agent.statsContainer(containerId, signal);
}
