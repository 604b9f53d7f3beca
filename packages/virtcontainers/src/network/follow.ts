import { type CallOptions, Deadline } from "../deadline.ts";
import { isVirtError } from "../errors.ts";
import type { Connection } from "../operation/connection.ts";
import type { Context } from "../operation/context.ts";
import { type Operation, runVerb } from "../operation/run-verb.ts";
import { networkOf } from "./verbs/networks.ts";
import { type NetworkChange, rescan } from "./verbs/rescan.ts";

/** Whom it is about, and by what that is reached. */
interface Followed {
  context: Context;
  connection: Connection;
  id: string;
}

/**
 * Keeps a guest up to date with what is in its namespace, now and whenever that changes, and tells what has changed;
 * until its VM ends. Nothing runs beside this process.
 */
export async function* followNetwork(
  { context, connection, id }: Followed,
  options: CallOptions,
): AsyncGenerator<NetworkChange> {
  using deadline = new Deadline(options, undefined, "followNetwork");
  const { signal } = deadline;
  const { network, processes } = context.host;
  const once = { name: "followNetwork", holding: "moment" } as const;
  const { path, vmm } = await runVerb(context, connection, id, once, { signal }, look);
  using watch = await deadline.race(network.watch(path, signal));
  const ended = new AbortController();
  try {
    let isOver = false;
    const over = processes
      .waitGone(vmm, ended.signal)
      .catch(() => {})
      .then(() => {
        isOver = true;
      });
    const each = { name: "followNetwork", holding: "exclusive" } as const;
    while (!isOver && !watch.ended) {
      yield* await runVerb(context, connection, id, each, { signal }, follow);
      await deadline.race(Promise.race([watch.change(), over]));
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isVirtError(error, "SANDBOX_DEAD", "SANDBOX_NOT_FOUND", "INVALID_STATE")) throw error;
  } finally {
    ended.abort();
  }
}

async function look(operation: Operation) {
  const { netns } = networkOf(operation, "follow the network of");
  const vm = operation.sandbox.vm;
  return { path: netns.path, vmm: vm?.process ?? { pid: 0, startTime: "" } };
}

/** One that is halted is looked at when something changes next. */
async function follow(operation: Operation): Promise<NetworkChange[]> {
  if (operation.sandbox.state === "paused") return [];
  networkOf(operation, "follow the network of");
  return await rescan(operation);
}
