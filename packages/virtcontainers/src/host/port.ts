import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { isErrno } from "./errno.ts";

/**
 * Who has a port of this host: `taken` by a process, `foreign` where the address is none of this host's, `forbidden`
 * where only root may have it.
 */
export type PortUse = "free" | "taken" | "foreign" | "forbidden";

/** Looks whether a process has a port, by taking it for a moment. */
export async function portUse(
  protocol: "tcp" | "udp",
  port: number,
  address: string | undefined,
): Promise<PortUse> {
  try {
    await (protocol === "tcp" ? tryTcp(port, address ?? "::") : tryUdp(port, address ?? "::"));
    return "free";
  } catch (error) {
    const fault = portFault(error);
    return fault === undefined || (fault === "foreign" && address === undefined) ? "free" : fault;
  }
}

/** What an error of bind(2) says of a port; undefined for another. */
export function portFault(error: unknown): Exclude<PortUse, "free"> | undefined {
  if (isErrno(error, "EADDRINUSE")) return "taken";
  if (isErrno(error, "EADDRNOTAVAIL", "EAFNOSUPPORT")) return "foreign";
  return isErrno(error, "EACCES", "EPERM") ? "forbidden" : undefined;
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
