import * as v from "valibot";
import { readIfThere, writeAtomic } from "../store/files.ts";

const Progress = v.object({
  /** Of the VM that it is about: each start begins anew. */
  marker: v.string(),
  /** How far the guest's log has been read. */
  offset: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** The start time of each container's run whose end was told. */
  exited: v.record(v.string(), v.string()),
  /** When a container's last lack of memory was told, ms. */
  oomAt: v.record(v.string(), v.number()),
  /** Why the VM is to end by itself, once it has said so. */
  over: v.optional(v.picklist(["timeout", "idle"])),
  /** What a container's health check told last, and when, ms by its guest. */
  health: v.optional(v.record(v.string(), v.object({ status: v.string(), at: v.number() })), {}),
  /** That the VM has ended was told. */
  ended: v.boolean(),
});

/** How much of what happened in a VM is in the journal already; shared by all processes that look. */
export type Progress = v.InferOutput<typeof Progress>;

export async function readProgress(path: string, marker: string): Promise<Progress> {
  const none = { marker, offset: 0, exited: {}, oomAt: {}, health: {}, ended: false };
  const text = await readIfThere(path);
  if (text === undefined) return none;
  // A damaged one is begun anew: watchers leave out what they have heard before.
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), Progress), text);
  return read.success && read.output.marker === marker ? read.output : none;
}

export async function writeProgress(path: string, progress: Progress): Promise<void> {
  await writeAtomic(path, JSON.stringify(progress));
}
