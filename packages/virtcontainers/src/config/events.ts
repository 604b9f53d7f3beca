import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { id } from "../validate.ts";
import { callFields } from "./call.ts";

/** What can happen to a sandbox, to one of its containers, or to a network. */
export const eventTypes = [
  "created",
  "started",
  "exited",
  "oom",
  "health",
  "paused",
  "resumed",
  "stopped",
  "died",
  "deleted",
  "updated",
  "connected",
  "disconnected",
  "networkCreated",
  "networkRemoved",
] as const;
export type EventType = (typeof eventTypes)[number];

/** Which events are told. */
export interface EventsOptions extends CallOptions {
  /** Only of this sandbox and its containers. */
  sandboxId?: string | undefined;
  /** Only of these types. */
  types?: readonly EventType[] | undefined;
  /** Begins with what has happened since then, as far as it is kept; default: with what happens from now on. */
  since?: Date | undefined;
  /** Ends then, without an error; a time that has passed ends it with the last event before it. */
  until?: Date | undefined;
}

const date = v.pipe(
  v.date("it must be a Date"),
  v.check((value) => !Number.isNaN(value.getTime()), "it must be a valid Date"),
);

export const EventsOptionsSchema = v.strictObject({
  sandboxId: v.optional(id),
  types: v.optional(
    v.pipe(
      v.array(v.picklist(eventTypes, `it must be one of ${eventTypes.join(", ")}`)),
      v.minLength(1, "it must name a type"),
    ),
  ),
  since: v.optional(date),
  until: v.optional(date),
  ...callFields,
});
