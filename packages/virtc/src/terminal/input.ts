import type { Writable } from "node:stream";
import type { Input } from "../context.ts";
import { DetachKeys } from "./detach.ts";
import { drained } from "./drained.ts";

/**
 * Copies standard input into the container, no faster than it is taken, and passes its end on. Resolves
 * with true when the detach keys were pressed (only looked for with `keys`), else with false.
 */
export async function pumpInput(from: Input, to: Writable, keys: boolean): Promise<boolean> {
  const detachKeys = keys ? new DetachKeys() : undefined;
  let closed = false;
  const onClosed = (): void => {
    closed = true;
  };
  to.on("error", onClosed).on("close", onClosed);
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      const { data, detach } = detachKeys?.push(chunk) ?? { data: chunk, detach: false };
      if (closed) return false;
      if (data.length > 0 && !to.write(data)) await drained(to);
      if (detach) return true;
    }
    to.end();
    return false;
  } catch (error) {
    if (closed) return false;
    throw error;
  }
}
