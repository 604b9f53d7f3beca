import type { Duplex } from "node:stream";
import type { Agent } from "../agent.ts";
import { KataAgent } from "./agent.ts";
import { openSession } from "./connect.ts";

/** The agent behind a freshly connected port. */
export async function openAgent(
  stream: Duplex,
  options: { token: string; sandboxId: string; onClosed: () => void; signal: AbortSignal },
): Promise<Agent> {
  const client = await openSession(stream, Buffer.from(options.token, "hex"), options.signal);
  return new KataAgent(client, options.sandboxId, options.onClosed);
}
