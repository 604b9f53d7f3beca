import type { Duplex } from "node:stream";
import { TtrpcClient } from "@virtcontainers/ttrpc";
import type { Agent } from "../agent.ts";
import { KataAgent } from "./agent.ts";
import { openSession } from "./connect.ts";

/** The agent behind a fresh connection, with the token where that begins with a handshake. */
export async function openAgent(
  stream: Duplex,
  options: {
    token: string | undefined;
    sandboxId: string;
    onClosed: () => void;
    signal: AbortSignal;
  },
): Promise<Agent> {
  const { token, signal } = options;
  const client =
    token === undefined
      ? new TtrpcClient(stream)
      : await openSession(stream, Buffer.from(token, "hex"), signal);
  return new KataAgent(client, options.sandboxId, options.onClosed);
}
