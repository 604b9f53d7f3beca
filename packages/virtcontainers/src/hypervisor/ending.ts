import { VirtError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import type { ProcessIdentity } from "../host/process-identity.ts";

/** How long the kernel may take to end a killed process that sits in a system call. */
const killTimeoutMs = 10_000;

/** How long a VMM whose connection broke may take to be gone. */
export const dyingMs = 2_000;

/** A VMM's process, for whoever ends it. */
export interface Vmm {
  /** For people. */
  name: string;
  sandboxId: string;
  process: ProcessIdentity;
  /** Settles when it is gone. */
  gone: Promise<unknown>;
}

/** Waits until a VMM has ended by itself, up to `graceMs`, then kills it. HOST_FAILED if it goes on all the same. */
export async function endVmm(
  { processes }: Pick<Host, "processes">,
  { name, sandboxId, process, gone }: Vmm,
  { graceMs, signal }: { graceMs: number; signal?: AbortSignal },
): Promise<void> {
  signal?.throwIfAborted();
  if (graceMs > 0 && (await goneWithin(gone, graceMs, signal))) return;
  await processes.signal(process, "SIGKILL");
  if (await goneWithin(gone, killTimeoutMs, signal)) return;
  throw new VirtError("HOST_FAILED", `${name} (${process.pid}) was killed and goes on`, {
    sandboxId,
  });
}

/** False if it is still there after so long; throws the signal's reason. */
export async function goneWithin(
  gone: Promise<unknown>,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  try {
    return await new Promise<boolean>((resolve, reject) => {
      timer = setTimeout(() => resolve(false), ms);
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      gone.then(() => resolve(true));
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Tells of the end of a VMM that any process started; after `release` nobody is told any more. */
export function watchVmm(
  { processes }: Pick<Host, "processes">,
  name: string,
  process: ProcessIdentity,
): { gone: Promise<string>; release: () => void } {
  const watch = new AbortController();
  const gone = processes.waitGone(process, watch.signal).then(
    () => `${name} is gone`,
    () => new Promise<string>(() => {}),
  );
  return { gone, release: () => watch.abort() };
}
