import type { ImageConfig, ImageProgress } from "./image.ts";
import type { Platform } from "./platform.ts";

/** One layer of an image, wherever it comes from. */
export interface LayerSource {
  /** Digest of the packed layer; absent for an archive that nothing vouches for. */
  digest?: string;
  size?: number;
  diffId?: string;
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** An image that is to be built. */
export interface ImageSource {
  /** Digest of its manifest; absent if it has none. */
  digest?: string;
  platform: Platform;
  createdAt: string;
  config: ImageConfig;
  layers: readonly LayerSource[];
}

export interface BuildOptions {
  signal: AbortSignal;
  concurrency: number;
  onProgress: (progress: ImageProgress) => void;
}
