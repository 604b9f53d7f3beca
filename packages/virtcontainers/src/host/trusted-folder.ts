import { join, resolve } from "node:path";
import { partsOf, readFileOfOurs, trustedPlace } from "./trusted.ts";

/**
 * A folder of ours for a call that reads much in it: what leads to it is made sure of once, since nobody else can
 * change that any more; each folder and file in it still is looked at for itself.
 */
export class TrustedFolder {
  readonly #place: string;

  private constructor(place: string) {
    this.#place = place;
  }

  /** Undefined if there is none. HOST_REQUIREMENT, as `assertTrusted`. */
  static at(path: string): TrustedFolder | undefined {
    const place = trustedPlace(path, "/", partsOf(resolve("/", path)));
    return place === undefined ? undefined : new TrustedFolder(place);
  }

  /** The text of a file in one of its folders; undefined if there is none. HOST_REQUIREMENT, as `assertTrusted`. */
  read(folder: string, name: string): string | undefined {
    const place = trustedPlace(join(this.#place, folder), this.#place, [folder]);
    return place === undefined ? undefined : readFileOfOurs(join(place, name));
  }
}
