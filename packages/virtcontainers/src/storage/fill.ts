import type { Agent } from "../agent/agent.ts";
import { fillFeature } from "../agent/features.ts";
import { copyFeature } from "../agent/files.ts";
import { isReadOnly, type Mount } from "../config/mount.ts";
import type { Context } from "../operation/context.ts";
import type { StoredContainer, StoredMount, StoredSandbox } from "../store/schema.ts";
import type { FreshVolume } from "../volume/volume.ts";

/** The volume that a mount may fill; none through what the guest can't write to. */
export function fillableVolume(mount: Mount, stored: StoredMount | undefined): string | undefined {
  if (mount.type !== "volume" || mount.noCopy) return undefined;
  if (stored?.kind === "drive") return stored.volume;
  return stored?.kind === "share" && !isReadOnly(mount) ? stored.volume : undefined;
}

/** The volumes of a container that nothing was ever in, while nobody else looks into them or fills them. */
export class Filling implements Disposable {
  readonly #fresh: ReadonlyMap<string, FreshVolume>;

  private constructor(fresh: ReadonlyMap<string, FreshVolume>) {
    this.#fresh = fresh;
  }

  static async begin(
    context: Context,
    sandbox: StoredSandbox,
    container: StoredContainer,
    signal: AbortSignal,
  ): Promise<Filling> {
    const fresh = new Map<string, FreshVolume>();
    const able = [fillFeature, copyFeature].every((name) => sandbox.agentFeatures.includes(name));
    const names = able ? [...new Set(places(container).keys())] : [];
    try {
      // In one order, so that no two wait for each other.
      for (const name of names.sort()) {
        const volume = await context.volumes.holdFresh(name, signal);
        if (volume !== undefined) fresh.set(name, volume);
      }
      return new Filling(fresh);
    } catch (error) {
      for (const volume of fresh.values()) volume[Symbol.dispose]();
      throw error;
    }
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#fresh.keys());
  }

  /** Once the container is there: what has something in it now will never be filled again. */
  async end(agent: Agent, container: StoredContainer, signal: AbortSignal): Promise<void> {
    for (const [name, destination] of places(container)) {
      const volume = this.#fresh.get(name);
      if (volume === undefined) continue;
      if ((await agent.statPath(container.id, destination, true, signal)) === undefined) continue;
      const found = await agent.listFolder(container.id, destination, first, signal);
      if (found.length > 0) await volume.used();
    }
  }

  [Symbol.dispose](): void {
    for (const volume of this.#fresh.values()) volume[Symbol.dispose]();
  }
}

/** Enough to know that there is something. */
const first = { after: new Uint8Array(), limit: 1 };

/** Where the volumes that a container may fill are in it. */
function places({ config, mounts }: StoredContainer): Map<string, string> {
  const found = new Map<string, string>();
  for (const [index, mount] of (config.mounts ?? []).entries()) {
    const name = fillableVolume(mount, mounts[index]);
    if (name !== undefined) found.set(name, mount.destination);
  }
  return found;
}
