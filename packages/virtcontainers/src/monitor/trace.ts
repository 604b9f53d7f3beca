import { subscribe, unsubscribe } from "node:diagnostics_channel";
import * as v from "valibot";
import { printable, VirtError } from "../errors.ts";
import { phaseChannelName } from "../events.ts";
import type { Context } from "../operation/context.ts";
import { readIfThere, writeAtomic } from "../store/files.ts";

/** How long a step of a create took. */
export interface TracePhase {
  /** Such as `boot` or `agent.createContainer`. */
  name: string;
  containerId?: string | undefined;
  /** Since the create began. */
  startMs: number;
  durationMs: number;
  /** Why it failed. */
  error?: string | undefined;
}

/** How long the steps of a create took. */
export interface Trace {
  sandboxId: string;
  /** ISO 8601. */
  startedAt: string;
  durationMs: number;
  /** In the order in which they began; some run in others, or beside them. */
  phases: TracePhase[];
}

const PhaseSchema = v.object({
  name: v.string(),
  containerId: v.optional(v.string()),
  startMs: v.number(),
  durationMs: v.number(),
  error: v.optional(v.string()),
});

const TraceSchema = v.object({
  sandboxId: v.string(),
  startedAt: v.string(),
  durationMs: v.number(),
  phases: v.array(PhaseSchema),
});

/** A create of hundreds of containers has no more phases than this. */
const maxPhases = 2_000;
const longestError = 200;

const Published = v.object({
  phase: v.string(),
  sandboxId: v.string(),
  containerId: v.optional(v.string()),
  startMs: v.number(),
  durationMs: v.number(),
  error: v.optional(v.unknown()),
});

/** Notes the phases of one sandbox's create as they end. */
export class Tracer implements Disposable {
  readonly #sandboxId: string;
  readonly #startedAt = new Date();
  readonly #startMs = performance.now();
  readonly #phases: TracePhase[] = [];
  readonly #onPhase = (message: unknown): void => this.#note(message);

  constructor(sandboxId: string) {
    this.#sandboxId = sandboxId;
    subscribe(phaseChannelName, this.#onPhase);
  }

  /** Keeps the trace for everybody: as that of the sandbox, while there is one, and as the last one. */
  async save(context: Context): Promise<void> {
    const trace: Trace = {
      sandboxId: this.#sandboxId,
      startedAt: this.#startedAt.toISOString(),
      durationMs: performance.now() - this.#startMs,
      phases: this.#phases.sort((a, b) => a.startMs - b.startMs),
    };
    const text = JSON.stringify(trace);
    const { store, logger } = context;
    const paths = [store.trace, store.folder(this.#sandboxId).trace];
    await Promise.all(paths.map((path) => writeAtomic(path, text))).catch((error: unknown) =>
      logger.warn({ err: error, sandboxId: this.#sandboxId }, "the trace could not be kept"),
    );
  }

  [Symbol.dispose](): void {
    unsubscribe(phaseChannelName, this.#onPhase);
  }

  #note(message: unknown): void {
    const read = v.safeParse(Published, message);
    if (!read.success || read.output.sandboxId !== this.#sandboxId) return;
    if (this.#phases.length >= maxPhases) return;
    const { phase, containerId, startMs, durationMs, error } = read.output;
    this.#phases.push({
      name: phase,
      ...(containerId !== undefined && { containerId }),
      startMs: startMs - this.#startMs,
      durationMs,
      ...(error !== undefined && { error: firstLine(error) }),
    });
  }
}

/** The trace of a sandbox's create; without one, of the last create of any. */
export async function readTrace(context: Context, sandboxId: string | undefined): Promise<Trace> {
  const { store } = context;
  if (sandboxId !== undefined) await store.read(sandboxId);
  const path = sandboxId === undefined ? store.trace : store.folder(sandboxId).trace;
  const text = await readIfThere(path);
  if (text === undefined) {
    const whose = sandboxId === undefined ? "a create" : `the create of sandbox ${sandboxId}`;
    throw new VirtError("SANDBOX_NOT_FOUND", `there is no trace of ${whose}`, {
      sandboxId,
      hint: "A trace is kept when a sandbox has been created.",
    });
  }
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), TraceSchema), text);
  if (read.success) return read.output;
  throw new VirtError("STATE_INVALID", `${path} is damaged`, { sandboxId });
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return printable(text.split("\n", 1)[0] ?? "").slice(0, longestError);
}
