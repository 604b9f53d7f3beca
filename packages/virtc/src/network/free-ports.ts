import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import type { PortMapping } from "virtcontainers";
import type { Published } from "../args/network/publish.ts";
import { UsageError } from "../errors/usage.ts";

/** A port that nobody else gets as long as it is held. */
interface Held {
  port: number;
  release(): Promise<void>;
}

/** Of the ports that are published, those that a sandbox has already. */
export type Taken = (port: PortMapping) => boolean;

/** Chooses a free port of the host where more than one would do. A single one is taken as it is: the library knows if it is free. */
export async function choosePorts(
  published: readonly Published[],
  taken: Taken,
): Promise<PortMapping[]> {
  const held: Held[] = [];
  const chosen: PortMapping[] = [];
  try {
    for (const one of published) {
      const { hostPorts, containerPort, protocol, hostIP } = one;
      const mapping = (hostPort: number): PortMapping => ({
        hostPort,
        containerPort,
        protocol,
        ...(hostIP !== undefined && { hostIP }),
      });
      if (hostPorts !== undefined && hostPorts.first === hostPorts.last) {
        chosen.push(mapping(hostPorts.first));
        continue;
      }
      const found = await findFree(one, (port) => taken(mapping(port)) || clash(chosen, one, port));
      held.push(found);
      chosen.push(mapping(found.port));
    }
    return chosen;
  } finally {
    await Promise.all(held.map((one) => one.release()));
  }
}

function clash(chosen: readonly PortMapping[], { protocol }: Published, port: number): boolean {
  return chosen.some((one) => one.hostPort === port && one.protocol === protocol);
}

/** Where a port is free here, but another sandbox has it. */
const mostTries = 1000;

async function findFree(published: Published, used: (port: number) => boolean): Promise<Held> {
  const { hostPorts } = published;
  const set = hostPorts === undefined ? undefined : hostPorts.last - hostPorts.first + 1;
  for (let at = 0; at < Math.min(set ?? mostTries, 65_535); at++) {
    const port = hostPorts === undefined ? 0 : hostPorts.first + at;
    if (port !== 0 && used(port)) continue;
    const held = await hold(published, port);
    if (held === undefined) continue;
    if (!used(held.port)) return held;
    await held.release();
  }
  const where =
    hostPorts === undefined ? "of the host" : `from ${hostPorts.first} to ${hostPorts.last}`;
  throw new UsageError(
    `--publish: no port ${where} is free for ${published.containerPort}/${published.protocol}`,
    "`virtc ps` tells which ports containers have.",
  );
}

/** Takes a port, 0 for any; undefined if somebody has it. SCTP has no sockets here: TCP's stand for it. */
async function hold({ protocol, hostIP }: Published, port: number): Promise<Held | undefined> {
  return await (protocol === "udp" ? holdUdp(hostIP, port) : holdTcp(hostIP, port));
}

async function holdTcp(host: string | undefined, port: number): Promise<Held | undefined> {
  const server = createServer();
  const listening = once(server, "listening");
  server.listen({ port, host, exclusive: true });
  if (!(await succeeds(listening))) return undefined;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    release: async () => void (await once(server.close(), "close")),
  };
}

async function holdUdp(host: string | undefined, port: number): Promise<Held | undefined> {
  const socket = createSocket({ type: family(host) === 6 ? "udp6" : "udp4" });
  const listening = once(socket, "listening");
  socket.bind({ port, address: host, exclusive: true });
  if (!(await succeeds(listening))) return undefined;
  return {
    port: socket.address().port,
    release: async () => void (await once(socket.close(), "close")),
  };
}

/** A port of all addresses is one of IPv4 and IPv6 where this host has both. */
function family(host: string | undefined): 4 | 6 {
  if (host !== undefined) return host.includes(":") ? 6 : 4;
  return Object.values(networkInterfaces()).some((all) => all?.some(isIPv6)) ? 6 : 4;
}

function isIPv6({ family }: NetworkInterfaceInfo): boolean {
  return family === "IPv6";
}

async function succeeds(event: Promise<unknown>): Promise<boolean> {
  try {
    await event;
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE" || code === "EACCES") return false;
    if (code === "EADDRNOTAVAIL")
      throw new UsageError("--publish: this host has no such address", "`ip address` lists them.");
    throw error;
  }
}
