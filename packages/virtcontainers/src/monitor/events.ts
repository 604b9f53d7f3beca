import type * as v from "valibot";
import { type EventsOptions, EventsOptionsSchema } from "../config/events.ts";
import { Deadline } from "../deadline.ts";
import { eventOf, type VirtEvent } from "../journal/event.ts";
import type { JournalPosition } from "../journal/journal.ts";
import { JournalReader } from "../journal/reader.ts";
import { FileChanges } from "../logs/file-changes.ts";
import type { Context } from "../operation/context.ts";
import { parse } from "../validate.ts";
import { DuplicateFilter } from "./duplicate-filter.ts";
import { SandboxWatcher } from "./sandbox-watcher.ts";

type Wanted = v.InferOutput<typeof EventsOptionsSchema>;

/**
 * What happens to sandboxes, whoever does it, each event once and in order for each sandbox. The place in
 * the journal is taken now, not when the first event is asked for.
 */
export function watchEvents(context: Context, options: EventsOptions): AsyncGenerator<VirtEvent> {
  const wanted = parse(EventsOptionsSchema, options, "options");
  const { journal } = context.events;
  const from = wanted.since === undefined ? journal.end() : journal.beginning();
  return follow(context, wanted, from);
}

async function* follow(
  context: Context,
  wanted: Wanted,
  from: JournalPosition,
): AsyncGenerator<VirtEvent> {
  using deadline = new Deadline(wanted, undefined, "events");
  const { journal } = context.events;
  await deadline.race(journal.prepare());
  using changes = new FileChanges(journal.folder, deadline.signal);
  using end = new End(wanted.until, changes);
  using watcher = new SandboxWatcher(context, wanted.sandboxId);
  await deadline.race(watcher.begin());
  await using reader = new JournalReader(journal.folder, from);
  const duplicates = new DuplicateFilter();
  for (;;) {
    const last = end.isOver;
    for await (const record of reader.rest()) {
      watcher.hear(record);
      if (duplicates.isNew(record) && isWanted(record, wanted)) yield eventOf(record);
    }
    if (last) return;
    deadline.check();
    await changes.next();
  }
}

function isWanted(event: VirtEvent, { sandboxId, types, since, until }: Wanted): boolean {
  const time = Date.parse(event.time);
  return (
    (sandboxId === undefined || event.sandboxId === sandboxId) &&
    (types === undefined || types.includes(event.type)) &&
    (since === undefined || time >= since.getTime()) &&
    (until === undefined || time <= until.getTime())
  );
}

/** The longest delay that setTimeout takes. */
const longestMs = 2 ** 31 - 1;

/** The moment at which watching ends, which counts as a change. */
class End implements Disposable {
  readonly #at: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(until: Date | undefined, changes: FileChanges) {
    this.#at = until?.getTime() ?? Number.POSITIVE_INFINITY;
    if (until !== undefined) this.#wait(changes);
  }

  get isOver(): boolean {
    return Date.now() >= this.#at;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #wait(changes: FileChanges): void {
    const leftMs = this.#at - Date.now();
    if (leftMs <= 0) changes.notify();
    else this.#timer = setTimeout(() => this.#wait(changes), Math.min(leftMs, longestMs));
  }
}
