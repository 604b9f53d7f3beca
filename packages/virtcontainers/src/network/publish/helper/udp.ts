import { createSocket, type Socket } from "node:dgram";
import { isIPv4 } from "node:net";
import type { Forwarded } from "../forwarded.ts";

/** A client that has been silent for so long is forgotten. */
const idleMs = 120_000;
/** Of one port; the one that has been silent for the longest goes for a new one. */
const mostClients = 4096;

interface Client {
  guest: Socket;
  idle: NodeJS.Timeout;
}

/** Hands each client's datagrams on from a socket of its own, so that answers find their way back. */
export function forwardUdp({ fd, address, port }: Omit<Forwarded, "protocol">): void {
  const clients = new Map<string, Client>();
  // Of which family it is does not matter for one that is bound already.
  const host = createSocket("udp4");
  const forget = (key: string): void => {
    const client = clients.get(key);
    if (client === undefined) return;
    clients.delete(key);
    clearTimeout(client.idle);
    client.guest.close();
  };
  host.on("message", (bytes, from) => {
    const key = `${from.address} ${from.port}`;
    const known = clients.get(key) ?? add(key, from);
    clients.delete(key);
    clients.set(key, known);
    known.idle.refresh();
    known.guest.send(bytes, port, address, () => {});
  });
  host.on("error", () => process.exit(1));
  host.bind({ fd });

  function add(key: string, from: { address: string; port: number }): Client {
    const [oldest] = clients.keys();
    if (clients.size >= mostClients && oldest !== undefined) forget(oldest);
    const guest = createSocket(isIPv4(address) ? "udp4" : "udp6");
    guest.on("message", (bytes, sender) => {
      if (sender.port !== port || sender.address !== address) return;
      clients.get(key)?.idle.refresh();
      host.send(bytes, from.port, from.address, () => {});
    });
    guest.on("error", () => forget(key));
    return { guest, idle: setTimeout(() => forget(key), idleMs) };
  }
}
