import { once } from "node:events";
import { closeSync } from "node:fs";
import { connect, createServer, isIPv4, type Socket } from "node:net";
import { listenTransparent } from "../../../../host/packets/transparent.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Gate } from "../gate.ts";
import { type Peeked, peekClientHello } from "./client-hello.ts";
import { peekHttpHead } from "./http-head.ts";

const peekMs = 10_000;
const connectMs = 4000;
const maxPeekBytes = 32 * 1024;
const maxConnections = 1024;

type Kind = "tls" | "http";

interface Splice {
  kind: Kind;
  port: number;
  name: string;
  socket: Socket;
}

export interface SpliceServer {
  /** Ends what the policy does not allow any more. */
  recheck(): void;
}

/** Takes the guest's connections to names, looks which name they ask for, and joins those that may with that name. */
export async function serveSplices(
  gate: Gate,
  audit: AuditLog,
  port: number,
): Promise<SpliceServer> {
  const open = new Set<Splice>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    splice(gate, audit, socket, open).catch(() => socket.resetAndDestroy());
  });
  server.maxConnections = maxConnections;
  const fd = listenTransparent(port, 511);
  try {
    server.listen({ fd });
    await once(server, "listening");
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    recheck: () => {
      for (const { kind, port: to, name, socket } of open)
        if (!gate.passageRule(kind, to, name).allowed) socket.resetAndDestroy();
    },
  };
}

async function splice(
  gate: Gate,
  audit: AuditLog,
  socket: Socket,
  open: Set<Splice>,
): Promise<void> {
  const address = plain(socket.localAddress ?? "");
  const port = socket.localPort ?? 0;
  const { bytes, kind, found } = await peek(socket);
  const name =
    typeof found === "object" && "name" in found ? found.name.toLowerCase().replace(/\.$/, "") : "";
  const about = {
    kind,
    address,
    port,
    protocol: "tcp",
    ...(name !== "" && { name: name.slice(0, 253) }),
  };
  const wrong =
    typeof found === "object" && "wrong" in found ? found.wrong : "it says nothing in time";
  if (name === "" && gate.policy.default === "deny") {
    audit.write({ verdict: "deny", rule: "default", ...about, reason: wrong });
    socket.resetAndDestroy();
    return;
  }
  const passage = await gate.passage(kind, port, name);
  if (!passage.allowed) {
    audit.write({
      verdict: "deny",
      rule: passage.rule,
      ...about,
      ...(passage.reason && { reason: passage.reason }),
    });
    socket.resetAndDestroy();
    return;
  }
  const addresses =
    passage.addresses === "original" ? [address] : first(address, passage.addresses);
  const server = await connectAny(addresses, port);
  // What was looked up and connected to meanwhile may not be allowed any more.
  if (socket.destroyed || !gate.passageRule(kind, port, name).allowed) {
    server.destroy();
    socket.resetAndDestroy();
    return;
  }
  audit.write({
    verdict: "allow",
    rule: passage.rule,
    ...about,
    address: plain(server.remoteAddress ?? ""),
  });
  const entry: Splice = { kind, port, name, socket };
  open.add(entry);
  join(socket, server, bytes, () => open.delete(entry));
}

/** The first bytes, until they name a server, can't any more, or the time is over. */
async function peek(socket: Socket): Promise<{ bytes: Buffer; kind: Kind; found: Peeked }> {
  let bytes = Buffer.alloc(0);
  let found: Peeked = "more";
  const kind = (): Kind => (bytes[0] === 22 ? "tls" : "http");
  const read = (): Peeked => (kind() === "tls" ? peekClientHello(bytes) : peekHttpHead(bytes));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => end(), peekMs);
    const end = (): void => {
      clearTimeout(timer);
      socket.pause();
      socket.off("data", take).off("end", end).off("close", end);
      resolve();
    };
    const take = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      found = read();
      if (found === "more" && bytes.length > maxPeekBytes)
        found = { wrong: "its head is too long" };
      if (found !== "more") end();
    };
    socket.on("data", take).once("end", end).once("close", end);
    socket.resume();
  });
  return { bytes, kind: kind(), found };
}

async function connectAny(addresses: readonly string[], port: number): Promise<Socket> {
  let last: unknown = new Error("the name has no address");
  for (const host of addresses) {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(connectMs) });
      return socket;
    } catch (error) {
      socket.on("error", () => {}).destroy();
      last = error;
    }
  }
  throw last;
}

/** Both ways, each with its own end; an error of one ends both. */
function join(socket: Socket, server: Socket, head: Buffer, onEnd: () => void): void {
  socket.setNoDelay(true).setKeepAlive(true, 60_000);
  server.setKeepAlive(true, 60_000);
  server.on("error", () => socket.resetAndDestroy());
  socket.once("close", (failed) => {
    if (failed || !server.writableEnded) server.destroy();
    onEnd();
  });
  server.once("close", () => socket.destroySoon());
  server.write(head);
  socket.pipe(server);
  server.pipe(socket);
}

/** The address that the guest has chosen comes first, if it is one of them, and then those of its family. */
function first(chosen: string, addresses: readonly string[]): string[] {
  const rank = (address: string): number =>
    address === chosen ? 0 : isIPv4(address) === isIPv4(chosen) ? 1 : 2;
  return [...addresses].sort((a, b) => rank(a) - rank(b));
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
