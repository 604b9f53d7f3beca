import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Gate } from "../gate.ts";
import { respond } from "./respond.ts";

const idleMs = 10_000;
const maxConnections = 32;
const maxAtOnce = 256;

/** Answers the guest's queries, which are redirected here whatever server they were for. */
export async function serveDns(gate: Gate, port: number): Promise<void> {
  const udp = createSocket({ type: "udp6", ipv6Only: false });
  let atOnce = 0;
  udp.on("message", (bytes, { address, port: from }) => {
    if (atOnce >= maxAtOnce) return;
    atOnce += 1;
    respond(gate, bytes, "udp")
      .then((answer) => answer && udp.send(answer, from, address))
      .catch(() => {})
      .finally(() => {
        atOnce -= 1;
      });
  });
  udp.on("error", () => {});
  udp.bind(port, "::");
  await once(udp, "listening");
  const tcp = createServer((socket) => serveConnection(gate, socket));
  tcp.maxConnections = maxConnections;
  tcp.listen(port, "::");
  await once(tcp, "listening");
}

function serveConnection(gate: Gate, socket: Socket): void {
  socket.setTimeout(idleMs, () => socket.destroy());
  serveQueries(gate, socket).catch(() => socket.destroy());
}

/** Answers one query after the other; who does not read the answers is not answered further. */
export async function serveQueries(gate: Gate, socket: Duplex): Promise<void> {
  await pipeline(socket, (chunks: AsyncIterable<Buffer>) => answersTo(gate, chunks), socket);
}

/** Each after its length, and so the answers (RFC 7766). */
async function* answersTo(gate: Gate, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let kept = Buffer.alloc(0);
  for await (const chunk of chunks) {
    kept = Buffer.concat([kept, chunk]);
    while (kept.length >= 2 && kept.length >= 2 + kept.readUInt16BE()) {
      const end = 2 + kept.readUInt16BE();
      const answer = await respond(gate, kept.subarray(2, end), "tcp");
      kept = kept.subarray(end);
      if (answer === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      yield Buffer.concat([length, answer]);
    }
  }
}
