import { channel } from "node:diagnostics_channel";

/** What is published on `virtcontainers:phase` when a step ends. */
export interface PhaseEvent {
  phase: string;
  sandboxId: string;
  containerId?: string | undefined;
  /** performance.now() at its start. */
  startMs: number;
  durationMs: number;
  error?: unknown;
}

/** Name of the `node:diagnostics_channel` channel that tells every phase of create, start, stop and delete. */
export const phaseChannelName = "virtcontainers:phase";

const phases = channel(phaseChannelName);

/** Runs one step and tells subscribers how long it took. */
export async function phase<T>(
  name: string,
  ids: { sandboxId: string; containerId?: string },
  step: () => Promise<T>,
): Promise<T> {
  if (!phases.hasSubscribers) return await step();
  const startMs = performance.now();
  let failure: unknown;
  try {
    return await step();
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    const event: PhaseEvent = {
      phase: name,
      ...ids,
      startMs,
      durationMs: performance.now() - startMs,
      error: failure,
    };
    phases.publish(event);
  }
}
