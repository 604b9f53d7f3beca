import type { VirtEvent } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";

/** As the library has them; a list of its own, so that help and completion need not load it. */
export const eventTypes = [
  "created",
  "started",
  "exited",
  "oom",
  "health",
  "paused",
  "resumed",
  "stopped",
  "died",
  "deleted",
  "updated",
  "connected",
  "disconnected",
  "networkCreated",
  "networkRemoved",
] as const satisfies readonly VirtEvent["type"][];

/** What `--filter` asks for; of several values of one key, one must fit. */
export interface EventFilter {
  types: VirtEvent["type"][];
  names: string[];
}

export function parseFilters(texts: readonly string[]): EventFilter {
  const filter: EventFilter = { types: [], names: [] };
  for (const text of texts) {
    const at = text.indexOf("=");
    const value = text.slice(at + 1);
    const type = eventTypes.find((known) => known === value);
    if (text.startsWith("type=") && type !== undefined) filter.types.push(type);
    else if (text.startsWith("name=") && value !== "") filter.names.push(value);
    else {
      const allowed = `it must be name=NAME, or type= and one of ${eventTypes.join(", ")}`;
      throw badValue("--filter", text, allowed);
    }
  }
  return filter;
}

/** A name may be that of the sandbox, of the container or of the network. */
export function hasName(event: VirtEvent, names: readonly string[]): boolean {
  if (names.length === 0) return true;
  const { sandboxId, containerId, network } = event;
  return [sandboxId, containerId, network].some(
    (name) => name !== undefined && names.includes(name),
  );
}
