import type { State } from "../config/state.ts";
import type { Operation } from "../operation/run-verb.ts";
import { rules } from "../operation/state.ts";
import { catchUp } from "../storage/copies/watched/catch-up.ts";
import type { StoredSandbox } from "../store/schema.ts";

/** Brings what the containers of a sandbox watch by copies up to date, unless its guest can't be asked. */
export async function updateCopies(operation: Operation): Promise<StoredSandbox> {
  const { sandbox } = operation;
  const reachable: readonly State[] = rules.askGuest.sandbox;
  if (!reachable.includes(sandbox.state)) return sandbox;
  for (const container of sandbox.containers) await catchUp(operation, container);
  return sandbox;
}
