import type { ImageRunConfig } from "../config/image.ts";
import type { CallOptions } from "../deadline.ts";

/** What an image's configuration says about running it; names as in the OCI image spec. */
export interface ImageConfig extends ImageRunConfig {
  /** Ports that its containers serve, such as `80/tcp`; published by `-P`. */
  exposedPorts: readonly string[];
  /** Folders whose contents are to outlive a container. Nothing is mounted there by itself. */
  volumes: readonly string[];
  /** What is noted of it, by name. */
  labels: Readonly<Record<string, string>>;
  /** What its containers are stopped with, such as `SIGQUIT`; undefined: SIGTERM. */
  stopSignal: string | undefined;
  /** How the image wants its containers to be tested. */
  healthcheck?: ImageHealthcheck;
}

/** Docker's HEALTHCHECK; what is left out is as in docker. */
export interface ImageHealthcheck {
  /** `["CMD", …argv]`, `["CMD-SHELL", command]`, or `["NONE"]`; empty: that of the image below. */
  test: readonly string[];
  /** From the end of one test to the next. */
  intervalMs?: number;
  /** How long one test may take. */
  timeoutMs?: number;
  /** How long failures at the beginning do not count. */
  startPeriodMs?: number;
  /** How many failures in a row make a container unhealthy. */
  retries?: number;
}

/** One step by which an image was made. */
export interface ImageHistory {
  /** ISO 8601; undefined if it is not known. */
  createdAt?: string;
  /** The command, as the builder wrote it down. */
  createdBy?: string;
  /** Who has made it. */
  author?: string;
  /** What was said about it. */
  comment?: string;
  /** Bytes of the layer's files, unpacked; undefined for a step that made no layer. */
  sizeBytes?: number;
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

/** One step of progress of a pull, import or push. */
export interface ImageProgress {
  phase: "resolve" | "download" | "unpack" | "pack" | "upload" | "done";
  /** Digest of the layer, in `download`, `unpack` and `upload`. */
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
  /** How containers of a plain root file system are run; what is left out is empty. */
  config?: Partial<ImageConfig>;
  /** The steps by which a plain root file system was made; its layer is the last one's. */
  history?: readonly Omit<ImageHistory, "sizeBytes">[];
  /** `os/architecture[/variant]`; default: linux and the host's architecture. */
  platform?: string;
  /** Told of each step as it goes on. */
  onProgress?: (progress: ImageProgress) => void;
}

export interface LoadOptions extends CallOptions {
  /** `os/architecture[/variant]`; default: linux and the host's architecture. */
  platform?: string;
  /** Told of each step as it goes on. */
  onProgress?: (progress: ImageProgress) => void;
}

export interface SaveOptions extends CallOptions {
  /** What `docker save` writes (the default), or an OCI layout, which holds one image. */
  format?: "docker-archive" | "oci-archive";
}

export interface PushOptions extends CallOptions {
  /** Told of each step as it goes on. */
  onProgress?: (progress: ImageProgress) => void;
}

/** What a registry was given. */
export interface Pushed {
  /** The image's name there. */
  name: string;
  /** Digest and size of its manifest. */
  digest: string;
  sizeBytes: number;
}

export interface LoginOptions extends CallOptions {
  username: string;
  password: string;
}

/** Where credentials were put: a file of Docker's configuration, or the credential helper of that name. */
export type CredentialStore = { file: string } | { helper: string };

/**
 * The image store: content-addressed, shared by all processes of a user, safe to use from many at once
 * and to kill at any time (a half-made image is never listed, and swept by the next operation).
 */
export interface Images {
  /** Pulls from a registry. REGISTRY_FAILED, IMAGE_NOT_FOUND, IMAGE_INVALID, NO_SPACE, NOT_SUPPORTED (platform), TIMEOUT, CANCELED. */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  /**
   * Imports an OCI layout (folder or tar), a docker-archive tar, or a root file system (tar or folder). IMAGE_INVALID,
   * INVALID_ARGUMENT, NOT_SUPPORTED (platform), NO_SPACE, TIMEOUT, CANCELED.
   */
  import(from: string | AsyncIterable<Uint8Array>, options?: ImportOptions): Promise<Image>;
  /**
   * Loads all images of an archive, a file, folder or stream of bytes: an OCI layout, or what `docker save` writes.
   * IMAGE_INVALID, INVALID_ARGUMENT for what is no image, NOT_SUPPORTED (platform), NO_SPACE, TIMEOUT, CANCELED.
   */
  load(archive: string | AsyncIterable<Uint8Array>, options?: LoadOptions): Promise<Image[]>;
  /**
   * Hands images to `write` as an archive, each with its root file system as one layer. IMAGE_NOT_FOUND,
   * INVALID_ARGUMENT for several in an OCI archive, IMAGE_INVALID, TIMEOUT, CANCELED.
   */
  save(
    references: readonly string[],
    write: (data: Uint8Array) => void | Promise<void>,
    options?: SaveOptions,
  ): Promise<void>;
  /**
   * Gives an image to its registry, with its root file system as one layer (gzip); what is there already is not sent
   * again. IMAGE_NOT_FOUND, REGISTRY_FAILED, INVALID_ARGUMENT for a digest, NO_SPACE, TIMEOUT, CANCELED.
   */
  push(reference: string, options?: PushOptions): Promise<Pushed>;
  /** Gives an image one more name; one that another has is taken from it. IMAGE_NOT_FOUND, INVALID_ARGUMENT. */
  tag(reference: string, name: string, options?: CallOptions): Promise<Image>;
  /** The steps by which an image was made, the last one first. IMAGE_NOT_FOUND. */
  history(reference: string, options?: CallOptions): Promise<ImageHistory[]>;
  /**
   * Signs in at a registry and keeps the credentials as Docker does: with its credential helper, else in its
   * config.json (0600). REGISTRY_FAILED if the registry refuses them, INVALID_ARGUMENT.
   */
  login(registry: string, options: LoginOptions): Promise<CredentialStore>;
  /** Forgets the credentials of a registry; false if there were none. REGISTRY_FAILED, INVALID_ARGUMENT. */
  logout(registry: string, options?: CallOptions): Promise<boolean>;
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
