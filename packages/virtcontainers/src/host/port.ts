import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { isErrno } from "./errno.ts";

/** Who has a port of this host: `taken` by a process, `foreign` where the address is none of this host's. */
export type PortUse = "free" | "taken" | "foreign";

/** Looks whether a process has a port, by taking it for a moment. What this user may not take counts as free. */
export async function portUse(
  protocol: "tcp" | "udp",
  port: number,
  address: string | undefined,
): Promise<PortUse> {
  try {
    await (protocol === "tcp" ? tryTcp(port, address ?? "::") : tryUdp(port, address ?? "::"));
    return "free";
  } catch (error) {
    if (isErrno(error, "EADDRINUSE")) return "taken";
    if (isErrno(error, "EADDRNOTAVAIL", "EAFNOSUPPORT") && address !== undefined) return "foreign";
    return "free";
  }
}

async function tryTcp(port: number, host: string): Promise<void> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen({ port, host, exclusive: true });
  await listening;
  await once(server.close(), "close");
}

async function tryUdp(port: number, address: string): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const listening = once(socket, "listening");
  try {
    socket.bind({ port, address, exclusive: true });
    await listening;
  } finally {
    await once(socket.close(), "close");
  }
}
