import { type CallOptions, Deadline } from "../deadline.ts";
import { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { defaultTimeoutMs } from "../operation/run-verb.ts";
import { id as idSchema, parse } from "../validate.ts";
import type { Created } from "./create.ts";

/** Finds a sandbox that is there, whoever is at work on it. */
export async function fetchSandbox(
  context: Context,
  id: string,
  options: CallOptions,
): Promise<Created> {
  parse(idSchema, id, "sandboxId");
  using deadline = new Deadline(options, defaultTimeoutMs, "fetch");
  const sandbox = await deadline.race(context.store.read(id));
  return { sandbox, connection: new Connection(context, id) };
}
