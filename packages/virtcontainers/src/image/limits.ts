import { invalidImage } from "./failure.ts";

/** Bounds on what one image may hold; they stop archives made to exhaust memory or disk. */
export interface ImageLimits {
  /** Bytes of all layers together, unpacked. Default 64 GiB. */
  maxBytes: number;
  /** Entries of all layers together, and folders that they only imply. Default 1,000,000. */
  maxEntries: number;
  /**
   * Bytes of names, link targets and extended attributes of all layers together, with 256 more for each
   * attribute. Default 256 MiB.
   */
  maxMetadataBytes: number;
}

export const defaultLimits: ImageLimits = {
  maxBytes: 64 * 2 ** 30,
  maxEntries: 1_000_000,
  maxMetadataBytes: 256 * 2 ** 20,
};

/** Longest path, in bytes, as in Linux (PATH_MAX with its NUL). */
export const maxPathBytes = 4095;
/** Longest name of one path component, in bytes (NAME_MAX). */
export const maxNameBytes = 255;
/** Most folders within each other; what walks a tree calls itself as often. */
export const maxDepth = 2048;
/** Most steps of one path, with those of the symlinks on its way. */
export const maxPathSteps = 10_000;
/** Steps through folders, for each entry that is allowed, that all paths and whiteouts may take together. */
const stepsPerEntry = 128;
const minSteps = 1_000_000;
/** Largest manifest, index or configuration, in bytes. */
export const maxDocumentBytes = 4 * 2 ** 20;
/** Most layers of one image. */
export const maxLayers = 1000;

/** What is left of an image's limits while it is unpacked. */
export class Budget {
  readonly #limits: ImageLimits;
  #bytes = 0;
  #entries = 0;
  #metadataBytes = 0;
  #steps = 0;

  constructor(limits: ImageLimits) {
    this.#limits = limits;
  }

  takeBytes(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#limits.maxBytes) {
      throw tooLarge(`it unpacks to more than ${this.#limits.maxBytes} bytes`);
    }
  }

  takeEntry(metadataBytes: number): void {
    this.#entries += 1;
    this.#metadataBytes += metadataBytes;
    if (this.#entries > this.#limits.maxEntries) {
      throw tooLarge(`it has more than ${this.#limits.maxEntries} entries`);
    }
    if (this.#metadataBytes > this.#limits.maxMetadataBytes) {
      throw tooLarge(
        `its names and attributes take more than ${this.#limits.maxMetadataBytes} bytes`,
      );
    }
  }

  /** Steps through the tree, which cost time. */
  takeSteps(count: number): void {
    this.#steps += count;
    const most = Math.max(minSteps, this.#limits.maxEntries * stepsPerEntry);
    if (this.#steps > most) throw tooLarge(`its paths take more than ${most} steps`);
  }
}

function tooLarge(why: string) {
  return invalidImage(
    `the image is too large: ${why}`,
    "If you trust the image, raise the limits of the image store.",
  );
}
