import type { ImageConfig, ImageHistory, ImageProgress } from "./image.ts";
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
  /** In the order in which they were made, without sizes; a step that made a layer has an entry in `layers`. */
  history: readonly SourceHistory[];
  layers: readonly LayerSource[];
}

export interface SourceHistory extends Omit<ImageHistory, "sizeBytes"> {
  /** It changed the configuration alone. */
  emptyLayer: boolean;
}

export interface BuildOptions {
  signal: AbortSignal;
  concurrency: number;
  onProgress: (progress: ImageProgress) => void;
}
