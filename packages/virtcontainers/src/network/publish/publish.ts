import { randomUUID } from "node:crypto";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import type { PortMapping } from "../../config/network/port.ts";
import { VirtError } from "../../errors.ts";
import type { BoundPort, Host, OpenDescriptor } from "../../host/host.ts";
import { portFault } from "../../host/port.ts";
import type { Context } from "../../operation/context.ts";
import type { Ledger } from "../../store/ledger.ts";
import type { StoredNetwork } from "../../store/network/stored.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { addressBytes } from "../block.ts";
import { portRefusal } from "../cni/claims.ts";
import { scriptArguments } from "../script.ts";
import type { Forwarded } from "./forwarded.ts";

/** The ledger's name of the forwarder. */
export const forwarderName = "ports";

const markerVariable = "VIRTCONTAINERS_PORTS";
const memoryMiB = 64;

/** True if the ports of a sandbox lead to it by a forwarder, since its networks are apart from the host's. */
export function isForwarded(
  { network }: Host,
  { config, network: own }: Pick<StoredSandbox, "config" | "network">,
): boolean {
  return network.apart && own?.created === true && (config.ports ?? []).length > 0;
}

/**
 * Takes the ports that lead to a sandbox on this host, and starts the forwarder that serves them: it gets them as open
 * sockets and runs where the bridges are. BUSY where one is taken, INVALID_ARGUMENT, HOST_REQUIREMENT.
 */
export async function publishPorts(
  { host, store }: Pick<Context, "host" | "store">,
  sandbox: Pick<StoredSandbox, "id" | "config">,
  network: StoredNetwork,
  ledger: Ledger,
): Promise<void> {
  if (!isForwarded(host, { ...sandbox, network })) return;
  const address = addressOf(sandbox.id, network);
  const sockets: OpenDescriptor[] = [];
  try {
    const forwarded: Forwarded[] = [];
    for (const mapping of sandbox.config.ports ?? []) {
      const { containerPort: port } = mapping;
      for (const { bound, optional } of boundPorts(mapping)) {
        const socket = await bindPort(host, mapping, bound, optional);
        if (socket === undefined) continue;
        const fd = 3 + sockets.push(socket) - 1;
        forwarded.push({ fd, protocol: bound.protocol, address, port });
      }
    }
    const fds = sockets.map(({ fd }) => fd);
    await startForwarder(host, store.folder(sandbox.id).path, forwarded, fds, ledger);
  } finally {
    for (const socket of sockets) await socket.close();
  }
}

/** Where all are meant, those of IPv6 are left out on a host that has none. */
function boundPorts(mapping: PortMapping): { bound: BoundPort; optional: boolean }[] {
  const { hostPort: port, protocol = "tcp", hostIP } = mapping;
  if (protocol === "sctp") return [];
  const on = (address: string): BoundPort => ({ protocol, port, address: addressBytes(address) });
  if (hostIP !== undefined) return [{ bound: on(hostIP), optional: false }];
  return [
    { bound: on("0.0.0.0"), optional: false },
    { bound: on("::"), optional: true },
  ];
}

async function bindPort(
  host: Host,
  { hostPort, protocol = "tcp", hostIP }: PortMapping,
  bound: BoundPort,
  optional: boolean,
): Promise<OpenDescriptor | undefined> {
  try {
    return await host.sockets.bindPort(bound);
  } catch (error) {
    const fault = portFault(error);
    if (fault === undefined) throw error;
    if (optional && fault === "foreign") return undefined;
    throw portRefusal({ hostPort, protocol, hostIP }, fault);
  }
}

/** One of IPv4 where it has one. */
function addressOf(id: string, { attachments }: StoredNetwork): string {
  const all = attachments.flatMap(({ addresses }) => addresses);
  const plain = all.map((address) => address.split("/")[0] ?? "");
  const chosen = plain.find((address) => isIPv4(address)) ?? plain[0];
  if (chosen !== undefined) return chosen;
  throw new VirtError("NETWORK_FAILED", "ports can't lead to a sandbox without an address", {
    sandboxId: id,
    field: "ports",
    hint: "Give it a network that has addresses.",
  });
}

async function startForwarder(
  host: Host,
  folder: string,
  forwarded: readonly Forwarded[],
  inheritedFds: readonly number[],
  ledger: Ledger,
): Promise<void> {
  const script = scriptArguments({
    built: new URL("./port-forwarder.js", import.meta.url),
    source: new URL("./helper/main.ts", import.meta.url),
  });
  const words = [`--max-old-space-size=${memoryMiB}`, ...script, JSON.stringify(forwarded)];
  const command = await host.network.command(undefined, { path: process.execPath, args: words });
  const marker = randomUUID();
  const record = {
    kind: "process",
    name: forwarderName,
    marker,
    variable: markerVariable,
  } as const;
  await ledger.take(record, async (update) => {
    const started = await host.processes.spawnDetached({
      ...command,
      env: { [markerVariable]: marker, LC_ALL: "C", TSX_DISABLE_CACHE: "1" },
      cwd: "/",
      outputPath: join(folder, "ports.log"),
      inheritedFds,
    });
    const { pid, startTime } = started;
    await update({ ...record, pid, startTime });
    started.unref();
  });
}
