import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { type PortUse, portUse } from "../../host/port.ts";
import { type CniUse, readUse } from "../../store/network/cni-use.ts";
import { usePaths } from "../../store/network/places.ts";
import { isUserThere } from "../../store/user.ts";

/** What a sandbox asks for that only one can have. */
export type Claims = CniUse["claims"];

/** What is claimed, and by whom. */
export interface Claimant {
  path: string;
  cniName: string;
  claims: Claims;
}

/** Refuses what another sandbox, or a process of this host, has already: BUSY. */
export async function assertFree(host: Host, folder: string, claimant: Claimant): Promise<void> {
  const { claims } = claimant;
  if (claims.mac !== undefined || claims.addresses.length > 0 || claims.ports.length > 0) {
    for (const other of await readUses(folder))
      if (other.path !== claimant.path && (await isUserThere(host, other.use)))
        assertApart(claimant, other.use);
  }
  for (const port of claims.ports) await assertUnheld(port);
}

/** All uses, in the order of their networks. STATE_INVALID. */
export async function readUses(folder: string): Promise<{ path: string; use: CniUse }[]> {
  const found: { path: string; use: CniUse }[] = [];
  for (const path of await usePaths(folder)) {
    const use = await readUse(path);
    if (use !== undefined) found.push({ path, use });
  }
  return found;
}

function assertApart({ cniName, claims }: Claimant, other: CniUse): void {
  const taken = (field: string, what: string): VirtError =>
    new VirtError("BUSY", `${field}: ${what} is taken by the sandbox ${other.sandboxId}`, {
      field,
      hint: "Choose another one, or stop that sandbox.",
    });
  for (const port of claims.ports)
    if (other.claims.ports.some((theirs) => clash(port, theirs)))
      throw taken("ports", portName(port));
  if (cniName !== other.cniName) return;
  const { mac, addresses } = other.claims;
  const got = other.attachment;
  if (claims.mac !== undefined && [mac, got?.mac].includes(claims.mac))
    throw taken("network.macAddress", claims.mac);
  const held = [...addresses, ...(got?.addresses ?? []).map((address) => address.split("/")[0])];
  const double = claims.addresses.find((address) => held.includes(address));
  if (double !== undefined) throw taken("network.ip", double);
}

type Port = Claims["ports"][number];

function clash(one: Port, other: Port): boolean {
  if (one.hostPort !== other.hostPort || one.protocol !== other.protocol) return false;
  return isAny(one.hostIP) || isAny(other.hostIP) || one.hostIP === other.hostIP;
}

function isAny(address: string | undefined): boolean {
  return address === undefined || address === "0.0.0.0" || address === "::";
}

async function assertUnheld(port: Port): Promise<void> {
  // There are no sockets of SCTP here.
  if (port.protocol !== "tcp" && port.protocol !== "udp") return;
  const use = await portUse(port.protocol, port.hostPort, port.hostIP);
  if (use !== "free") throw portRefusal(port, use);
}

/** Why a port of this host can't be had. */
export function portRefusal(port: Port, use: Exclude<PortUse, "free">): VirtError {
  if (use === "foreign")
    return new VirtError("INVALID_ARGUMENT", `ports: ${port.hostIP} is no address of this host`, {
      field: "ports",
      hint: "Give one that `ip address` lists, or none for all of them.",
    });
  if (use === "forbidden")
    return new VirtError(
      "HOST_REQUIREMENT",
      `ports: ${portName(port)} is lower than ordinary users may have (net.ipv4.ip_unprivileged_port_start)`,
      {
        field: "ports",
        hint: `Choose 1024 or higher, or as root: sysctl -w net.ipv4.ip_unprivileged_port_start=${port.hostPort}`,
      },
    );
  return new VirtError("BUSY", `ports: ${portName(port)} is taken by a process of this host`, {
    field: "ports",
    hint: `Choose another port, or end who has it: ss -lnp sport = :${port.hostPort}`,
  });
}

function portName({ hostPort, protocol, hostIP }: Port): string {
  return `${hostIP === undefined ? "" : `${hostIP} `}${hostPort}/${protocol}`;
}
