import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { AgentService, Extension } from "@virtcontainers/agent-protocol";
import { AckScanner, encodeHello } from "@virtcontainers/agent-protocol/ports";
import { createServiceClient, type ServiceClient, TtrpcClient } from "@virtcontainers/ttrpc";

/** The guest agent's own calls, for what the library doesn't make or what it would not make so. */
export interface AgentClient extends AsyncDisposable {
  agent: ServiceClient<typeof AgentService>;
  extension: ServiceClient<typeof Extension>;
}

/** A session on a port of the agent that the library leaves alone: it takes the first free one. */
export async function agentClient(
  stateDir: string,
  sandboxId: string,
  port: number,
): Promise<AgentClient> {
  const folder = join(stateDir, "sbs", sandboxId);
  const { token } = JSON.parse(readFileSync(join(folder, "sandbox.json"), "utf8"));
  const socket = connect(join(folder, "vm", `agent.${port}.sock`));
  await once(socket, "connect");
  const nonce = randomBytes(16);
  socket.write(encodeHello(Buffer.from(String(token), "hex"), nonce));
  const scanner = new AckScanner(nonce);
  for (;;) {
    const [chunk] = await once(socket, "data");
    const rest = scanner.push(chunk);
    if (rest === undefined) continue;
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    break;
  }
  const client = new TtrpcClient(socket);
  return {
    agent: createServiceClient(client, AgentService),
    extension: createServiceClient(client, Extension),
    async [Symbol.asyncDispose]() {
      client.close();
      await client.closed;
    },
  };
}
