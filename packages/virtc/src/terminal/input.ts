import type { Writable } from "node:stream";
import type { Input } from "../context.ts";
import { DetachKeys } from "./detach.ts";
import { drained } from "./drained.ts";

/**
 * Copies standard input into the container, no faster than it is taken, and passes its end on unless it is `kept` open.
 * Resolves with true when the keys that detach were pressed, else with false.
 */
export async function pumpInput(
  from: Input,
  to: Writable,
  { keys, kept = false }: { keys: readonly number[]; kept?: boolean | undefined },
): Promise<boolean> {
  const detachKeys = new DetachKeys(keys);
  let closed = false;
  const onClosed = (): void => {
    closed = true;
  };
  to.on("error", onClosed).on("close", onClosed);
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      const { data, detach } = detachKeys.push(chunk);
      if (closed) return false;
      if (data.length > 0 && !to.write(data)) await drained(to);
      if (detach) return true;
    }
    if (!kept) to.end();
    return false;
  } catch (error) {
    if (closed) return false;
    throw error;
  }
}
