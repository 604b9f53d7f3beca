import type { Agent } from "../agent/agent.ts";

const mebibyte = 1024 * 1024;
/** What a guest keeps free, beside what its kernel does not count as available. */
const reserveMiB = 32;

/** How many MiB the guest says that it can do without; undefined if it says nothing of that. */
export async function spareMemory(agent: Agent, signal: AbortSignal): Promise<number | undefined> {
  return spareIn(await agent.getMetrics(signal));
}

/** How many MiB a guest can do without, by its metrics. */
export function spareIn(metrics: string): number | undefined {
  const [, bytes] = /^kata_guest_meminfo\{item="memavailable"\} (\d{1,16})$/m.exec(metrics) ?? [];
  if (bytes === undefined) return undefined;
  return Math.max(0, Math.floor(Number(bytes) / mebibyte) - reserveMiB);
}
