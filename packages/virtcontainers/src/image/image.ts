import type { ImageRunConfig } from "../config/image.ts";
import type { CallOptions } from "../deadline.ts";

/** What an image's configuration says about running it; names as in the OCI image spec. */
export interface ImageConfig extends ImageRunConfig {
  exposedPorts: readonly string[];
  volumes: readonly string[];
  labels: Readonly<Record<string, string>>;
  stopSignal: string | undefined;
}

/** One image of the store: one erofs file, shared by all sandboxes that use it. */
export interface Image {
  /** `sha256:…` of the image's manifest; for a plain root file system, of its erofs file. */
  digest: string;
  /** Normalised references that name it, such as `docker.io/library/alpine:3`, or `busybox:latest` for local ones. */
  names: readonly string[];
  platform: { os: string; architecture: string; variant?: string };
  createdAt: string;
  importedAt: string;
  /** Size of the erofs file in bytes. */
  sizeBytes: number;
  config: ImageConfig;
  /** Absolute path of the erofs file; read-only. */
  path: string;
}

/** One step of progress of a pull or import. */
export interface ImageProgress {
  phase: "resolve" | "download" | "unpack" | "pack" | "done";
  /** Digest of the layer, in `download` and `unpack`. */
  layer?: string;
  completedBytes?: number;
  totalBytes?: number;
}

export interface PullOptions extends CallOptions {
  /** `os/architecture[/variant]`; default: linux and the host's architecture. */
  platform?: string;
  /** Told of each step as it goes on. */
  onProgress?: (progress: ImageProgress) => void;
  /** Layers downloaded at once, 1 to 16; default 4. */
  concurrency?: number;
}

export interface ImportOptions extends CallOptions {
  /** The name it gets; by default the one recorded in the archive. Required for plain root file systems. */
  name?: string;
  /** `os/architecture[/variant]`; default: linux and the host's architecture. */
  platform?: string;
  /** Told of each step as it goes on. */
  onProgress?: (progress: ImageProgress) => void;
}

/**
 * The image store: content-addressed, shared by all processes of a user, safe to use from many at once
 * and to kill at any time (a half-made image is never listed, and swept by the next operation).
 */
export interface Images {
  /** Pulls from a registry. REGISTRY_FAILED, IMAGE_NOT_FOUND, IMAGE_INVALID, NO_SPACE, NOT_SUPPORTED (platform), TIMEOUT, CANCELED. */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  /** Imports an OCI layout (folder or tar), a docker-archive tar, or a root file system (tar or folder). */
  import(path: string, options?: ImportOptions): Promise<Image>;
  list(options?: CallOptions): Promise<Image[]>;
  /** By name, digest or unique digest prefix (12 hex digits or more). IMAGE_NOT_FOUND. */
  get(reference: string, options?: CallOptions): Promise<Image>;
  /** As get; pulls it if it is missing and `pull` allows ("missing" is the default). `busybox` comes with the guest's files. */
  ensure(
    reference: string,
    options?: PullOptions & { pull?: "missing" | "always" | "never" },
  ): Promise<Image>;
  /** Removes a name; the image goes with its last name. BUSY if a sandbox uses it, unless `force` (which only unnames it). */
  remove(reference: string, options?: CallOptions & { force?: boolean }): Promise<Image>;
  /** Removes images without a name, leftovers of killed operations, and with `all` everything unused. Gives what was freed. */
  prune(
    options?: CallOptions & { all?: boolean },
  ): Promise<{ removed: string[]; freedBytes: number }>;
  /** Removes only the leftovers: of killed operations, and of sandboxes that are gone. `dryRun` removes nothing. Gives the paths. */
  sweep(options?: CallOptions & { dryRun?: boolean }): Promise<string[]>;
  /**
   * Keeps an image from being removed while a sandbox uses it: a file `<sandbox id>` in the image's
   * `users/` folder, listed in the sandbox's ledger as {kind: "file"}. It holds the path of the
   * sandbox's folder, without which the use is over.
   */
  userFile(digest: string, sandboxId: string): string;
}
