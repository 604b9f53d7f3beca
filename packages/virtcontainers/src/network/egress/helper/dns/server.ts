import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
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

/** One query after the other, each after its length (RFC 7766). */
function serveConnection(gate: Gate, socket: Socket): void {
  socket.setTimeout(idleMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  serve(gate, socket).then(
    () => socket.end(),
    () => socket.destroy(),
  );
}

async function serve(gate: Gate, socket: Socket): Promise<void> {
  let kept = Buffer.alloc(0);
  for await (const chunk of socket) {
    kept = Buffer.concat([kept, chunk]);
    while (kept.length >= 2 && kept.length >= 2 + kept.readUInt16BE()) {
      const end = 2 + kept.readUInt16BE();
      const answer = await respond(gate, kept.subarray(2, end), "tcp");
      kept = kept.subarray(end);
      if (answer === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      // Who sends on without reading the answers gets no more of them.
      if (!socket.write(Buffer.concat([length, answer]))) await once(socket, "drain");
    }
  }
}
