import type { VirtEvent } from "virtcontainers";
import { safeLine } from "../../output/safe.ts";

const typeWidth = 8;

/** One line for people: time, what, of which sandbox or `sandbox/container`, and what there is to add. */
export function eventLine(event: VirtEvent): string {
  const { time, type, sandboxId, containerId, exitCode, health, reason } = event;
  const name = containerId === undefined ? sandboxId : `${sandboxId}/${containerId}`;
  const more = [exitCode === undefined ? undefined : `code ${exitCode}`, health, reason];
  const parts = [time, type.padEnd(typeWidth), name, ...more.filter((part) => part !== undefined)];
  return `${safeLine(parts.join("  "))}\n`;
}
