import { once } from "node:events";
import { closeSync } from "node:fs";
import { connect, createServer, isIPv4, type Socket } from "node:net";
import { listenTransparent } from "../../../../host/packets/transparent.ts";
import type { AuditLog } from "../audit-log.ts";
import type { Gate } from "../gate.ts";
import { peekClientHello } from "./client-hello.ts";
import { peekHttpHead } from "./http/head.ts";
import { Requests } from "./http/requests.ts";
import { hasSwitched } from "./http/switched.ts";
import type { Peeked } from "./peeked.ts";

const peekMs = 10_000;
const connectMs = 4000;
const maxPeekBytes = 32 * 1024;
const maxConnections = 1024;
const tlsHandshake = 22;

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
  const name = "name" in found ? found.name : "";
  const about = { kind, address, port, protocol: "tcp", ...(name !== "" && { name }) };
  const refuse = (rule: string, reason?: string): void => {
    audit.write({ verdict: "deny", rule, ...about, ...(reason !== undefined && { reason }) });
    socket.resetAndDestroy();
  };
  if ("wrong" in found) return refuse("default", found.wrong);
  if ("nameless" in found && gate.policy.default === "deny")
    return refuse("default", found.nameless);
  const passage = await gate.passage(kind, port, name);
  if (!passage.allowed) return refuse(passage.rule, passage.reason);
  const original = passage.addresses === "original";
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
  const filter =
    kind === "http" && "name" in found
      ? new Requests({
          refusal: (other) => otherHost(gate, { kind, port, name, original }, other),
          switched: () => hasSwitched(server),
        })
      : undefined;
  filter?.on("error", ({ message }) => refuse("default", message));
  join({ socket, server, head: bytes, filter }, () => open.delete(entry));
}

/** Why a request for a host must not go on a connection that was made for a name. */
function otherHost(
  gate: Gate,
  { kind, port, name, original }: Pick<Splice, "kind" | "port" | "name"> & { original: boolean },
  other: string,
): string | undefined {
  if (other === name || (original && isOriginal(gate, kind, port, other))) return undefined;
  return `a later request is for another host: ${other || "none"}`;
}

/** True if the policy leaves a connection to its own address that asks for a name. */
function isOriginal(gate: Gate, kind: Kind, port: number, name: string): boolean {
  const passage = gate.passageRule(kind, port, name);
  return passage.allowed && passage.original;
}

/** The first bytes, until they name a server, can't any more, or the time is over. */
async function peek(
  socket: Socket,
): Promise<{ bytes: Buffer; kind: Kind; found: Exclude<Peeked, "more"> }> {
  let bytes = Buffer.alloc(0);
  let found: Peeked = "more";
  const kind = (): Kind => (bytes[0] === tlsHandshake ? "tls" : "http");
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
      found = kind() === "tls" ? peekClientHello(bytes) : peekHttpHead(bytes);
      if (found === "more" && bytes.length > maxPeekBytes)
        found = { wrong: "its head is too long" };
      if (found !== "more") end();
    };
    socket.on("data", take).once("end", end).once("close", end);
    socket.resume();
  });
  return {
    bytes,
    kind: kind(),
    found: found === "more" ? { wrong: "it says nothing in time" } : found,
  };
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

interface Joined {
  socket: Socket;
  server: Socket;
  /** What was read already. */
  head: Buffer;
  /** What the guest says goes through it. */
  filter: Requests | undefined;
}

/** Both ways, each with its own end; an error of one ends both. */
function join({ socket, server, head, filter }: Joined, onEnd: () => void): void {
  socket.setNoDelay(true).setKeepAlive(true, 60_000);
  server.setKeepAlive(true, 60_000);
  server.on("error", () => socket.resetAndDestroy());
  socket.once("close", (failed) => {
    if (failed || !server.writableEnded) server.destroy();
    onEnd();
  });
  server.once("close", () => socket.destroySoon());
  const way = filter ?? server;
  way.write(head);
  socket.pipe(way);
  filter?.pipe(server);
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
