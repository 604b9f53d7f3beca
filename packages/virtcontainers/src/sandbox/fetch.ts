import { type CallOptions, Deadline } from "../deadline.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs } from "../operation/run-verb.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { id as idSchema, parse } from "../validate.ts";
import type { Created } from "./create.ts";
import { isToBeDeleted } from "./lifetime.ts";
import { reclaim } from "./reclaim.ts";

/** One whose time was over, and that was to be deleted then, is deleted by whoever looks for it. */
export async function readLasting(
  context: Context,
  id: string,
  signal: AbortSignal,
): Promise<StoredSandbox> {
  const sandbox = await context.store.read(id);
  if (!(await isToBeDeleted(context, sandbox))) return sandbox;
  await reclaim(context, id, { signal });
  return await context.store.read(id);
}

/** Finds a sandbox that is there, whoever is at work on it. */
export async function fetchSandbox(
  context: Context,
  id: string,
  options: CallOptions,
): Promise<Created> {
  parse(idSchema, id, "sandboxId");
  using deadline = new Deadline(options, defaultTimeoutMs, "fetch");
  const sandbox = await deadline.race(readLasting(context, id, deadline.signal));
  return { sandbox, connection: new Connection(context, id) };
}
