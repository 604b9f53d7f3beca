import * as v from "valibot";
import { type EventType, eventTypes } from "../config/events.ts";
import { type HealthStatus, healthStatuses } from "../store/health.ts";
import { id } from "../validate.ts";

/** Something that has happened. Without a container it is about the sandbox, without a sandbox about a network. */
export interface VirtEvent {
  type: EventType;
  /** ISO 8601. Of what the guest tells it is the guest's time, but never later than the host's. */
  time: string;
  sandboxId?: string | undefined;
  containerId?: string | undefined;
  /** Of `exited`: the process, by the token that names it in its container. */
  processId?: string | undefined;
  /** Of `exited`: the exit code, or 128 + the signal's number. */
  exitCode?: number | undefined;
  /** Of `health`: what its health check tells now. */
  health?: HealthStatus | undefined;
  /** Of `connected`, `disconnected`, `networkCreated` and `networkRemoved`: the network's name. */
  network?: string | undefined;
  /** Of `connected` and `disconnected`: the link in the sandbox. */
  interfaceName?: string | undefined;
  /** Why, for `died`, `stopped` and `deleted`, where it is not plain. */
  reason?: string | undefined;
}

const short = v.pipe(v.string(), v.maxLength(256));

/** An event as it stands in the journal. */
export const JournalRecord = v.object({
  type: v.picklist(eventTypes),
  time: v.pipe(
    v.string(),
    v.maxLength(32),
    v.check((time) => !Number.isNaN(Date.parse(time))),
  ),
  sandboxId: v.optional(id),
  containerId: v.optional(id),
  processId: v.optional(short),
  exitCode: v.optional(v.pipe(v.number(), v.integer())),
  health: v.optional(v.picklist(healthStatuses)),
  network: v.optional(short),
  interfaceName: v.optional(short),
  reason: v.optional(short),
  /** Names what may have been written down twice, because a process was killed in between. */
  key: v.optional(short),
});
export type JournalRecord = v.InferOutput<typeof JournalRecord>;

/** The event without what only the journal needs. */
export function eventOf({ key: _, ...event }: JournalRecord): VirtEvent {
  return event;
}
