import { once } from "node:events";
import { get } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { Readable } from "node:stream";

const block = Buffer.alloc(1024 * 1024);

/** What a guest does for one transfer, with a port of the host's. */
export type GuestSide = (port: number) => Promise<unknown>;

/** Megabytes per second of so many MiB that a guest sends to the host, from its connection to the last byte. */
export async function receive(
  host: string,
  mebibytes: number,
  send: GuestSide,
  signal: AbortSignal,
): Promise<number> {
  let bytes = 0;
  const ms = await over(host, send, signal, async (socket) => {
    for await (const chunk of socket) bytes += chunk.length;
    socket.end();
  });
  if (bytes !== mebibytes * block.length) throw new Error(`the guest sent ${bytes} bytes`);
  return rate(mebibytes, ms);
}

/** The same of what the host sends, until the guest has read all of it and closes the connection. */
export async function send(
  host: string,
  mebibytes: number,
  read: GuestSide,
  signal: AbortSignal,
): Promise<number> {
  const ms = await over(host, read, signal, async (socket) => {
    socket.resume();
    const closed = once(socket, "close", { signal });
    zeros(mebibytes).pipe(socket);
    await closed;
  });
  return rate(mebibytes, ms);
}

function zeros(mebibytes: number): Readable {
  return Readable.from(Array.from({ length: mebibytes }, () => block));
}

async function over(
  host: string,
  guest: GuestSide,
  signal: AbortSignal,
  transfer: (socket: Socket) => Promise<void>,
): Promise<number> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, host);
  await once(server, "listening", { signal });
  try {
    const connected = once(server, "connection", { signal });
    const done = guest(portOf(server));
    const [socket]: Socket[] = await Promise.race([
      connected,
      // One that ends before has failed.
      done.then(() => connected),
    ]);
    const startedAt = performance.now();
    if (socket === undefined) throw new Error("nobody has connected");
    await transfer(socket);
    const tookMs = performance.now() - startedAt;
    await done;
    return tookMs;
  } finally {
    server.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === "object" && address !== null) return address.port;
  throw new Error("the server has no port");
}

/** Requests per second of a web server, one connection each, so many at once. */
export async function request(
  host: string,
  requests: number,
  atOnce: number,
  signal: AbortSignal,
  port = 80,
): Promise<number> {
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) await fetchOnce(host, port, signal);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, client));
  return requests / ((performance.now() - startedAt) / 1000);
}

async function fetchOnce(host: string, port: number, signal: AbortSignal): Promise<void> {
  const asked = get({ host, port, path: "/index.html", agent: false, signal });
  const [answer] = await once(asked, "response", { signal });
  let bytes = 0;
  for await (const chunk of answer) bytes += chunk.length;
  if (answer.statusCode !== 200 || bytes === 0) throw new Error(`${host} answered with nothing`);
}

function rate(mebibytes: number, ms: number): number {
  return (mebibytes * block.length) / 1e6 / (ms / 1000);
}
