import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Both ends of one connected unix socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = await mkdtemp(join(tmpdir(), "ttrpc-"));
  const server = createServer();
  server.listen(join(folder, "s"));
  await once(server, "listening");
  const client = createConnection(join(folder, "s"));
  const [accepted] = (await once(server, "connection")) as [Socket];
  server.close();
  await rm(folder, { recursive: true });
  return [client, accepted];
}
