import { invalidImage } from "./failure.ts";

/** Bounds on what one image may hold; they stop archives made to exhaust memory or disk. */
export interface ImageLimits {
  /** Bytes of all layers together, unpacked. Default 64 GiB. */
  maxBytes: number;
  /** Entries of all layers together. Default 1,000,000. */
  maxEntries: number;
  /** Bytes of names, link targets and extended attributes of all layers together. Default 256 MiB. */
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
}

function tooLarge(why: string) {
  return invalidImage(
    `the image is too large: ${why}`,
    "If you trust the image, raise the limits of the image store.",
  );
}
