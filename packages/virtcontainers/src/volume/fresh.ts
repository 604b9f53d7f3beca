import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hostError } from "../host/errno.ts";
import { exists, paths, type VolumeContext } from "./context.ts";
import type { FreshVolume } from "./volume.ts";

/** How long one waits for another that fills a volume. */
const lockTimeoutMs = 600_000;

/** Notes of a volume that is being made that nothing has been in it. */
export async function markFresh(base: string): Promise<void> {
  await writeFile(freshFile(base), "", { mode: 0o600 });
}

/** A volume that nothing has been in yet, while nobody else holds it for that; undefined for any other. */
export async function holdFresh(
  context: VolumeContext,
  name: string,
  signal: AbortSignal,
): Promise<FreshVolume | undefined> {
  const { base } = paths(context, name);
  if (!(await exists(freshFile(base)))) return undefined;
  const options = { create: true, timeoutMs: lockTimeoutMs, signal };
  const lock = await context.host.locks.acquire(join(base, "fill.lock"), "exclusive", options);
  if (lock === undefined) return undefined;
  if (!(await exists(freshFile(base)))) {
    lock[Symbol.dispose]();
    return undefined;
  }
  return {
    async used() {
      try {
        await rm(freshFile(base), { force: true });
      } catch (error) {
        throw hostError(error, `noting that the volume ${name} is filled`);
      }
    },
    [Symbol.dispose]: () => lock[Symbol.dispose](),
  };
}

function freshFile(base: string): string {
  return join(base, "fresh");
}
