import type { Agent } from "../packages/virtcontainers/src/agent/agent.ts";
import { createContext } from "../packages/virtcontainers/src/api/create-context.ts";
import { Connection } from "../packages/virtcontainers/src/operation/connection.ts";

/** A connection of one's own to the agent of a sandbox, below the library's public interface. */
export async function openAgentOf(
  sandboxId: string,
  signal: AbortSignal,
): Promise<{ agent: Agent; release: () => Promise<void> }> {
  const context = createContext({});
  const connection = new Connection(context, sandboxId);
  const agent = await connection.agent(await context.store.read(sandboxId), signal);
  return { agent, release: () => connection.release() };
}
