import { Deadline } from "../../../deadline.ts";
import { VirtError } from "../../../errors.ts";
import type { Qmp } from "../control.ts";

/** How long a guest may take to give memory back or to take it. */
const patienceMs = 20_000;
const mebibyte = 1024 * 1024;

export interface Move {
  /** The event by which QEMU tells the size, in its field `size` or `actual`, as it changes. */
  event: "MEMORY_DEVICE_SIZE_CHANGE" | "BALLOON_CHANGE";
  from: number;
  to: number;
  request: (size: number) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Asks for a size and waits until the guest is there. A guest whose memory is in use may never be: then it is
 * asked for what it has reached, so that it does not go on, and TIMEOUT tells how far it came.
 */
export async function untilMoved(qmp: Qmp, move: Move): Promise<void> {
  const { from, to, request, signal } = move;
  if (from === to) return await request(to);
  using limit = new Deadline({ signal }, patienceMs, "resize");
  const patience = limit.signal;
  let reached = from;
  const done = qmp.waitEvent(({ event, data }) => {
    const size = event === move.event ? (data?.size ?? data?.actual) : undefined;
    if (typeof size === "number") reached = size;
    return to > from ? reached >= to : reached <= to;
  }, patience);
  done.catch(() => {});
  await request(to);
  try {
    await done;
  } catch (error) {
    signal.throwIfAborted();
    if (!patience.aborted) throw error;
    await request(reached);
    const [got, wanted] = [reached, to].map((size) => Math.round(size / mebibyte));
    throw new VirtError(
      "TIMEOUT",
      `the guest came to ${got} instead of ${wanted} MiB in ${patienceMs / 1000} s`,
      {
        phase: "hypervisor.resizeMemory",
        field: "memoryMiB",
        hint: `It has ${got} MiB now. Ask again to go on from there; if it comes no further its memory is in use: end what uses it, or ask for less of a change.`,
      },
    );
  }
}
