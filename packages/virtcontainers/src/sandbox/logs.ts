import { type CallOptions, Deadline } from "../deadline.ts";
import { followLog, type LogEntry } from "../logs/follow.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { runVerb } from "../operation/run-verb.ts";
import { isVmAlive } from "../store/vm-alive.ts";

/** What a detached container has written; with `follow`, until it ends. */
export async function* sandboxLogs(
  { context, connection, id }: { context: Context; connection: Connection; id: string },
  containerId: string,
  options: CallOptions & { follow?: boolean },
): AsyncGenerator<LogEntry> {
  using deadline = new Deadline(options, undefined, "logs");
  const ended = new AbortController();
  // In an object, since a promise that an async function returns would be awaited.
  const verb = { name: "logs", holding: "moment" } as const;
  const { gone, path } = await runVerb(
    context,
    connection,
    id,
    verb,
    options,
    async ({ sandbox, container }) => {
      container(containerId);
      const alive = sandbox.state !== "stopped" && (await isVmAlive(context, sandbox));
      const path = context.store.folder(id).log(sandbox.logCarrier);
      if (!alive || sandbox.vm === undefined) return { path, gone: Promise.resolve() };
      const { processes } = context.host;
      const gone = processes.waitGone(sandbox.vm.process, ended.signal).catch(() => {});
      return { path, gone };
    },
  );
  const { signal } = deadline;
  try {
    yield* followLog(path, containerId, { follow: options.follow ?? false, ended: gone, signal });
  } finally {
    ended.abort();
  }
}
