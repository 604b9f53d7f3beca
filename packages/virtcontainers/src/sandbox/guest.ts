import type { Agent } from "../agent/agent.ts";
import type { VolumeStats } from "../agent/volume-stats.ts";
import { printable } from "../errors.ts";
import { assertUp, type Operation, type Verb } from "../operation/run-verb.ts";
import { absolutePath, argument, integer, parse, text } from "../validate.ts";

/** The longest set of rules that a guest is given: 1 MiB. */
const maxRules = 1024 * 1024;

/** Throws INVALID_STATE unless the guest can be asked. */
async function guestAgent(operation: Operation, doing: string): Promise<Agent> {
  assertUp(operation, doing);
  return await operation.agent();
}

export async function guestMetrics(operation: Operation): Promise<string> {
  const agent = await guestAgent(operation, "ask for metrics of");
  return await agent.getMetrics(operation.signal);
}

export function guestVolumeStats(guestPath: string): Verb<VolumeStats> {
  const path = parse(absolutePath(), guestPath, "guestPath");
  return async (operation) => {
    const agent = await guestAgent(operation, "ask for a volume of");
    return await agent.getVolumeStats(path, operation.signal);
  };
}

export function resizeGuestVolume(guestPath: string, sizeBytes: number): Verb<void> {
  const path = parse(absolutePath(), guestPath, "guestPath");
  const size = parse(integer(0, Number.MAX_SAFE_INTEGER, "bytes"), sizeBytes, "sizeBytes");
  return async (operation) => {
    const agent = await guestAgent(operation, "resize a volume of");
    await agent.resizeVolume(path, BigInt(size), operation.signal);
  };
}

export function getIPTables(isIPv6: boolean): Verb<string> {
  return async (operation) => {
    const agent = await guestAgent(operation, "read the iptables of");
    const rules = await agent.getIPTables(isIPv6, operation.signal);
    return printable(Buffer.from(rules).toString("utf8"));
  };
}

export function setIPTables(isIPv6: boolean, rules: string): Verb<void> {
  const data = Buffer.from(parse(argument(maxRules), rules, "rules"));
  return async (operation) => {
    const agent = await guestAgent(operation, "set the iptables of");
    await agent.setIPTables(isIPv6, data, operation.signal);
  };
}

export function diagnosticData(kind: string, containerId: string): Verb<string> {
  const checked = parse(text(64), kind, "kind");
  return async (operation) => {
    const agent = await guestAgent(operation, "ask for diagnostics of");
    operation.container(containerId);
    return await agent.getDiagnosticData(checked, containerId, operation.signal);
  };
}

export async function nextOOMEvent(operation: Operation): Promise<string> {
  const agent = await guestAgent(operation, "wait for an OOM event of");
  return await agent.getOOMEvent(operation.signal);
}

/** The last lines of the console, of a guest that need not answer. */
export function consoleTail(lines: number): Verb<string> {
  return async ({ connection, sandbox }) => (await connection.vm(sandbox)).consoleTail(lines);
}
