import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VirtError } from "../errors.ts";
import type { Image, ImageConfig, Images } from "../image/image.ts";
import { userId } from "../store/user.ts";

/** An image of the double; what is left out is empty. */
export interface TestImage {
  /** Such as `busybox` or `registry.example/app:1`; without a tag it is `latest`. */
  name: string;
  config?: Partial<ImageConfig> | undefined;
}

const busybox: TestImage = {
  name: "busybox",
  config: {
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    cmd: ["sh"],
  },
};

const emptyConfig: ImageConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: "",
  user: "",
  exposedPorts: [],
  volumes: [],
  labels: {},
  stopSignal: undefined,
};

/**
 * An image store without images: names and configurations in memory, an empty file for each root. It has
 * `busybox`, and what the caller gives; nothing is ever pulled.
 */
export function createTestImages(folder: string, more: readonly TestImage[] = []): Images {
  const images = new Map<string, Image>();
  for (const image of [busybox, ...more]) {
    const made = makeImage(folder, image);
    images.set(made.digest, made);
  }
  const find = (reference: string): Image => {
    for (const image of images.values()) if (matches(image, reference)) return image;
    throw new VirtError("IMAGE_NOT_FOUND", `there is no image ${reference}`, {
      hint: "Give createTestInstance the image in its option `images`.",
    });
  };
  const remove = (image: Image): void => {
    images.delete(image.digest);
    rmSync(imageFolder(folder, image.digest), { recursive: true, force: true });
  };
  return {
    pull: async (reference) => find(reference),
    get: async (reference) => find(reference),
    ensure: async (reference) => find(reference),
    list: async () => [...images.values()],
    history: async (reference) => [{ createdAt: find(reference).createdAt }],
    tag: async (reference, name) => {
      const image = find(reference);
      const tagged = { ...image, names: [...new Set([...image.names, latest(name)])] };
      images.set(image.digest, tagged);
      return tagged;
    },
    load: async () => refuse("load archives"),
    save: async () => refuse("save images"),
    push: async () => refuse("push images"),
    login: async () => refuse("sign in"),
    logout: async () => false,
    import: async (from, options = {}) => {
      const path = typeof from === "string" ? from : "stream";
      const config = options.config && { config: options.config };
      const name = options.name ?? path.split("/").at(-1) ?? path;
      const made = makeImage(folder, { name, ...config });
      images.set(made.digest, made);
      return made;
    },
    remove: async (reference, options = {}) => {
      const image = find(reference);
      const users = usersOf(folder, image.digest);
      if (users.length > 0 && !options.force)
        throw new VirtError(
          "BUSY",
          `the image ${reference} is used by ${users.map(userId).join(", ")}`,
        );
      if (users.length > 0) images.set(image.digest, { ...image, names: [] });
      else remove(image);
      return image;
    },
    prune: async (options = {}) => {
      const unused = [...images.values()].filter(
        (image) =>
          (options.all || image.names.length === 0) && usersOf(folder, image.digest).length === 0,
      );
      for (const image of unused) remove(image);
      return { removed: unused.map((image) => image.digest), freedBytes: 0 };
    },
    sweep: async () => [],
    userFile: (digest, sandboxId) => join(imageFolder(folder, digest), "users", sandboxId),
  };
}

function makeImage(folder: string, { name, config }: TestImage): Image {
  const tagged = latest(name);
  const digest = `sha256:${createHash("sha256").update(tagged).digest("hex")}`;
  const path = join(imageFolder(folder, digest), "root.erofs");
  mkdirSync(join(imageFolder(folder, digest), "users"), { recursive: true });
  writeFileSync(path, "");
  return {
    digest,
    names: [tagged],
    platform: { os: "linux", architecture: "amd64" },
    createdAt: "1970-01-01T00:00:00.000Z",
    importedAt: new Date().toISOString(),
    sizeBytes: 0,
    config: { ...emptyConfig, ...config },
    path,
  };
}

function latest(name: string): string {
  return /:[^/]+$/.test(name) ? name : `${name}:latest`;
}

function refuse(what: string): never {
  throw new VirtError("NOT_SUPPORTED", `a double of the image store can't ${what}`, {
    hint: "Test that with a VirtContainers of its own data folder.",
  });
}

function imageFolder(folder: string, digest: string): string {
  return join(folder, "images", digest.replace("sha256:", ""));
}

function usersOf(folder: string, digest: string): string[] {
  return readdirSync(join(imageFolder(folder, digest), "users"));
}

function matches(image: Image, reference: string): boolean {
  const tagged = latest(reference);
  const hex = reference.replace(/^sha256:/, "");
  const isDigest = /^[0-9a-f]{12,64}$/.test(hex) && image.digest.startsWith(`sha256:${hex}`);
  return isDigest || image.names.includes(tagged);
}
