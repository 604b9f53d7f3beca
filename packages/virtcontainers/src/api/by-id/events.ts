import { type CallOptions, Deadline } from "../../deadline.ts";
import type { VirtError } from "../../errors.ts";
import type { VirtEvent } from "../../journal/event.ts";
import type { LogEntry } from "../../logs/follow.ts";
import { type EventsOptions, watchEvents } from "../../monitor/events.ts";
import type { MonitorOptions } from "../../monitor/monitor.ts";
import { readTrace, type Trace } from "../../monitor/trace.ts";
import { defaultTimeoutMs } from "../../operation/operate.ts";
import { id as idSchema, parse } from "../../validate.ts";
import { CopiesById } from "./transfer.ts";

/** The methods of a VirtContainers that tell what happens and has happened. */
export abstract class EventsById extends CopiesById {
  /**
   * What happens to sandboxes and containers, whichever process does it: each event once, in order for
   * each sandbox. Begins now, or with what is kept since a time. No deadline unless one is given.
   */
  events(options: EventsOptions = {}): AsyncGenerator<VirtEvent> {
    return watchEvents(this.context, options);
  }

  /** What a detached container has written; with `follow`, until it ends. */
  async *logs(
    sandboxId: string,
    containerId: string,
    options: CallOptions & { follow?: boolean } = {},
  ): AsyncGenerator<LogEntry> {
    await using sandbox = await this.fetchSandbox(sandboxId, options);
    yield* sandbox.logs(containerId, options);
  }

  /** Tells what is wrong with a sandbox, as errors that are not thrown, until it is stopped or deleted; as Sandbox.monitor. */
  async *monitor(sandboxId: string, options: MonitorOptions = {}): AsyncGenerator<VirtError> {
    await using sandbox = await this.fetchSandbox(sandboxId, options);
    yield* sandbox.monitor(options);
  }

  /** How long the steps of a sandbox's create took; without an id, of the last create, also if it failed. */
  async trace(id?: string, options: CallOptions = {}): Promise<Trace> {
    if (id !== undefined) parse(idSchema, id, "sandboxId");
    using deadline = new Deadline(options, defaultTimeoutMs, "trace");
    return await deadline.race(readTrace(this.context, id));
  }
}
