import type { CallOptions } from "../deadline.ts";
import type { Images } from "../image/image.ts";
import type { Garbage, GarbageOptions } from "../sandbox/garbage.ts";
import { reclaim } from "../sandbox/reclaim.ts";
import type { Volumes } from "../volume/volume.ts";
import { EventsById } from "./by-id/events.ts";

/**
 * The interface of the Go library virtcontainers: sandboxes and containers by id, from any process. All
 * methods throw VirtError. Nothing is global; a program may have several instances. Its methods are in
 * `by-id/`, a file for each noun.
 */
export class VirtContainers extends EventsById {
  /** The image store. */
  get images(): Images {
    return this.context.images;
  }

  /** The named volumes. */
  get volumes(): Volumes {
    return this.context.volumes;
  }

  /** Releases what killed processes left behind: of one sandbox, or of all. Gives the ids of those it removed. */
  async reclaim(id?: string, options: CallOptions = {}): Promise<string[]> {
    return await reclaim(this.context, id, options);
  }

  /**
   * Releases all that killed processes left behind, of sandboxes and of images, and gives what it was. Living
   * and stopped sandboxes stay, unless `stopped` is set; with `dryRun` everything does. Default deadline 60 s.
   */
  async collectGarbage(options: GarbageOptions = {}): Promise<Garbage[]> {
    const { collectGarbage } = await import("../sandbox/garbage.ts");
    return await collectGarbage(this.context, options);
  }
}
