import type { CallOptions, SandboxStatus } from "virtcontainers";
import { isLibraryError } from "../../errors/library.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { type Sample, sampleOf } from "./sample.ts";

/** A guest that answers no sooner has no numbers for this time. */
const timeoutMs = 5000;

/** What was measured of a container, or of a VM. */
export interface Measured {
  sandbox: string;
  /** Undefined: the VM itself. */
  container: string | undefined;
  /** Undefined where it does not run. */
  sample: Sample | undefined;
}

export type Measure = (signal: AbortSignal) => Promise<Measured[]>;

/** Containers: of the sandboxes that are named, or of all that run; of one sandbox perhaps only some. */
export function ofContainers(
  library: Library,
  sandboxes: readonly string[],
  containers: readonly string[] = [],
): Measure {
  return async (signal) => {
    const found = await statuses(library, sandboxes, signal);
    const each = found.map((status) => measureContainers(library, status, containers, signal));
    return (await Promise.all(each)).flat();
  };
}

/** The VMs of the sandboxes that are named, or of all that run. */
export function ofSandboxes(library: Library, sandboxes: readonly string[]): Measure {
  return async (signal) => {
    const found = await statuses(library, sandboxes, signal);
    return await Promise.all(found.map((status) => measureSandbox(library, status, signal)));
  };
}

async function statuses(
  library: Library,
  names: readonly string[],
  signal: AbortSignal,
): Promise<SandboxStatus[]> {
  if (names.length > 0) {
    return await Promise.all(
      [...new Set(names)].map((id) => library.statusSandbox(id, { signal })),
    );
  }
  const all = await library.listSandbox({ signal });
  return all
    .filter(({ state }) => state === "running" || state === "paused")
    .sort((a, b) => a.id.localeCompare(b.id));
}

async function measureContainers(
  library: Library,
  status: SandboxStatus,
  chosen: readonly string[],
  signal: AbortSignal,
): Promise<Measured[]> {
  const known = status.containersStatus.map(({ id }) => id);
  // One that is not there is asked for too, so that the library tells so.
  const ids = chosen.length > 0 ? [...new Set(chosen)] : known;
  const vmLimit = (status.size?.memoryMiB ?? status.hypervisorConfig.memoryMiB ?? 256) * 1024 ** 2;
  return await within(library, status, signal, async (handle, options) => {
    const sample = async (container: string): Promise<Measured> => {
      const stats = await handle?.statsContainer(container, options).catch(unlessEnded);
      const taken = stats && sampleOf(stats, performance.now());
      const memoryLimit = Math.min(taken?.memoryLimit ?? vmLimit, vmLimit);
      return { sandbox: status.id, container, sample: taken && { ...taken, memoryLimit } };
    };
    return await Promise.all(ids.map(sample));
  });
}

async function measureSandbox(
  library: Library,
  status: SandboxStatus,
  signal: AbortSignal,
): Promise<Measured> {
  return await within(library, status, signal, async (handle, options) => {
    const stats = await handle?.stats(options).catch(unlessEnded);
    if (stats === undefined) return { sandbox: status.id, container: undefined, sample: undefined };
    const { at, cpuNs, memory } = sampleOf({ ...stats, networkStats: [] }, performance.now());
    return { sandbox: status.id, container: undefined, sample: { at, cpuNs, memory } };
  });
}

/** Works on a sandbox that runs; on undefined if it does not. */
async function within<T>(
  library: Library,
  { id, state }: SandboxStatus,
  signal: AbortSignal,
  work: (handle: SandboxHandle | undefined, options: CallOptions) => Promise<T>,
): Promise<T> {
  const options = { signal, timeoutMs };
  const handle =
    state === "running" ? await library.fetchSandbox(id, options).catch(unlessEnded) : undefined;
  try {
    return await work(handle, options);
  } finally {
    await handle?.release();
  }
}

/** What has ended, or does not answer now, has no numbers. */
function unlessEnded(error: unknown): undefined {
  const codes = ["INVALID_STATE", "SANDBOX_DEAD", "SANDBOX_NOT_FOUND", "TIMEOUT"] as const;
  if (isLibraryError(error, ...codes, "PROCESS_NOT_FOUND")) return undefined;
  throw error;
}
