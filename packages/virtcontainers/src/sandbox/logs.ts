import { type CallOptions, Deadline } from "../deadline.ts";
import { followLog, type LogEntry } from "../logs/follow.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { logPlace } from "../operation/log-place.ts";
import { runVerb } from "../operation/run-verb.ts";

/** What a detached container has written; with `follow`, until it ends. */
export async function* sandboxLogs(
  { context, connection, id }: { context: Context; connection: Connection; id: string },
  containerId: string,
  options: CallOptions & { follow?: boolean },
): AsyncGenerator<LogEntry> {
  using deadline = new Deadline(options, undefined, "logs");
  const ended = new AbortController();
  const verb = { name: "logs", holding: "moment" } as const;
  const place = logPlace(containerId, ended.signal);
  const { gone, path } = await runVerb(context, connection, id, verb, options, place);
  const { signal } = deadline;
  try {
    yield* followLog(path, containerId, { follow: options.follow ?? false, ended: gone, signal });
  } finally {
    ended.abort();
  }
}
