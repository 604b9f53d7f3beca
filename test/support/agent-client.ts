import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
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
  const served = join(folder, "vm/vsock.sock");
  const socket = existsSync(served)
    ? await overVsock(served)
    : await overPort(folder, join(folder, "vm", `agent.${port}.sock`));
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

/** A session as each client has one where the agent is reached by vsock. */
async function overVsock(path: string): Promise<Socket> {
  const socket = connect(path);
  socket.write("CONNECT 1024\n");
  const [answer] = await once(socket, "data");
  if (!/^OK \d+\n$/.test(String(answer))) throw new Error(`${path} answered ${answer}`);
  socket.pause();
  return socket;
}

async function overPort(folder: string, path: string): Promise<Socket> {
  const { token } = JSON.parse(readFileSync(join(folder, "sandbox.json"), "utf8"));
  const socket = connect(path);
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
    return socket;
  }
}
