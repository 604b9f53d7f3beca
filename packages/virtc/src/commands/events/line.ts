import type { VirtEvent } from "virtcontainers";
import { safeLine } from "../../output/safe.ts";

const typeWidth = 8;

/** One line for people: time, what, of which sandbox, `sandbox/container` or network, and what there is to add. */
export function eventLine(event: VirtEvent): string {
  const { time, type, sandboxId, containerId, exitCode, health, network, reason } = event;
  const name = [sandboxId ?? network, containerId].filter((part) => part !== undefined).join("/");
  const more = [
    exitCode === undefined ? undefined : `code ${exitCode}`,
    health,
    sandboxId !== undefined && network !== undefined ? linkText(network, event) : undefined,
    reason,
  ];
  const parts = [time, type.padEnd(typeWidth), name, ...more.filter((part) => part !== undefined)];
  return `${safeLine(parts.join("  "))}\n`;
}

function linkText(network: string, { interfaceName }: VirtEvent): string {
  return interfaceName === undefined ? network : `${network} (${interfaceName})`;
}
