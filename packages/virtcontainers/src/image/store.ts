import { join } from "node:path";
import { type CallOptions, Deadline } from "../deadline.ts";
import { invalidArgument, isVirtError, VirtError } from "../errors.ts";
import type { Host } from "../host/host.ts";
import { assertTrusted } from "../host/trusted.ts";
import { type Logger, silentLogger } from "../log.ts";
import { digestHex } from "./digest.ts";
import { guarded } from "./failure.ts";
import type { Images, ImportOptions, PullOptions } from "./image.ts";
import { defaultLimits, type ImageLimits } from "./limits.ts";
import { fit, parsePlatform, showPlatform, wrongPlatform } from "./platform.ts";
import { parseReference } from "./reference.ts";
import { type RegistriesConfig, registriesConfig } from "./registry/config.ts";
import { imageFolder, locked, type StoreContext, storePaths } from "./store/context.ts";
import { makeFolders } from "./store/files.ts";
import { findImage, listImages, notFound } from "./store/list.ts";
import { readRecord, usersFolder } from "./store/record.ts";
import { finishRemovals, removeImage } from "./store/remove.ts";
import { sweepStaging } from "./store/staging.ts";

export interface ImagesOptions {
  host: Host;
  /** Absolute path of the folder that holds the store; made with its parents where it is missing. */
  dataDir: string;
  logger?: Logger;
  /** Mirrors, registries without TLS, and where Docker's configuration lies. */
  registries?: RegistriesConfig;
  limits?: Partial<ImageLimits>;
  /** Gives the archive of an image that need not be pulled, such as `busybox:latest`, if there is one. */
  bundled?: (localName: string) => Promise<string | undefined>;
}

/** Default deadlines: an hour for what moves data, half a minute for what looks things up. */
const transferTimeoutMs = 3_600_000;
const lookupTimeoutMs = 30_000;

/**
 * The image store in a folder of the host. What only some calls need is loaded by them, as most programs
 * only look an image up.
 */
export function createImages(options: ImagesOptions): Images {
  const { host, dataDir } = options;
  if (!dataDir.startsWith("/")) throw invalidArgument("dataDir", dataDir, "it must be absolute");
  const context: StoreContext = {
    host,
    logger: options.logger ?? silentLogger,
    paths: storePaths(dataDir),
    limits: { ...defaultLimits, ...options.limits },
  };
  const registries = registriesConfig(options.registries);

  const run = async <T>(
    phase: string,
    call: CallOptions,
    timeoutMs: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    using deadline = new Deadline(call, timeoutMs, phase);
    deadline.check();
    assertTrusted(dataDir);
    try {
      return await guarded(`${phase} in ${dataDir}`, deadline.signal, () => work(deadline.signal));
    } catch (error) {
      if (!isVirtError(error, "TIMEOUT")) throw error;
      const hint = "Raise timeoutMs, or look at how fast the registry and the disk are.";
      throw new VirtError("TIMEOUT", error.message, { cause: error, phase, hint });
    }
  };
  const change = <T>(phase: string, call: CallOptions, work: (signal: AbortSignal) => Promise<T>) =>
    run(phase, call, transferTimeoutMs, async (signal) => {
      makeFolders(context.paths);
      await sweepStaging(context);
      await locked(context, context.paths.lock, signal, () => finishRemovals(context));
      return work(signal);
    });
  const pull = (reference: string, call: PullOptions = {}) =>
    change("pulling an image", call, async (signal) => {
      const { pullImage } = await import("./source/pull.ts");
      const name = await pullImage(context, registries, reference, call, signal);
      return (await findImage(context, name)).image;
    });
  const importArchive = (from: string | AsyncIterable<Uint8Array>, call: ImportOptions = {}) =>
    change("importing an image", call, async (signal) => {
      const { importImage } = await import("./source/import.ts");
      const name = await importImage(context, from, call, signal);
      return (await findImage(context, name)).image;
    });
  /** Whoever installed the guest's files has this archive; a registry needs a network and may have another. */
  const obtain = async (reference: string, call: PullOptions) => {
    const { explicitHost, localName } = parseReference(reference);
    const archive = explicitHost ? undefined : await options.bundled?.(localName);
    if (archive === undefined || call.platform !== undefined) return pull(reference, call);
    return importArchive(archive, { ...call, name: localName });
  };
  const get = async (reference: string, call: CallOptions = {}) =>
    run("looking for an image", call, lookupTimeoutMs, async () => {
      return (await findImage(context, reference)).image;
    });

  return {
    pull,
    get,
    import: importArchive,
    async load(archive, call = {}) {
      return change("loading images", call, async (signal) => {
        const { loadImages } = await import("./source/import.ts");
        const digests = await loadImages(context, archive, call, signal);
        const found = digests.map(async (digest) => (await findImage(context, digest)).image);
        return Promise.all(found);
      });
    },
    async save(references, write, call = {}) {
      await run("saving images", call, transferTimeoutMs, async (signal) => {
        const { archiveOf } = await import("./target/archive.ts");
        for await (const part of archiveOf(context, references, call.format, signal)) {
          await write(part);
        }
      });
    },
    async push(reference, call = {}) {
      return change("pushing an image", call, async (signal) => {
        const { pushImage } = await import("./target/push.ts");
        return pushImage(context, registries, reference, call, signal);
      });
    },
    async tag(reference, name, call = {}) {
      return change("naming an image", call, async (signal) => {
        const { tagImage } = await import("./store/tag.ts");
        return tagImage(context, reference, name, signal);
      });
    },
    async history(reference, call = {}) {
      return run("looking for an image", call, lookupTimeoutMs, async () => {
        const { image } = await findImage(context, reference);
        const record = await readRecord(context, digestHex(image.digest));
        if (record === undefined) throw notFound(reference);
        return (record.history ?? [{ createdAt: record.createdAt }]).toReversed();
      });
    },
    async login(registry, call) {
      return run("signing in", call, lookupTimeoutMs, async (signal) => {
        const { login } = await import("./registry/login.ts");
        return login(context, registries, registry, call, signal);
      });
    },
    async logout(registry, call = {}) {
      return run("signing out", call, lookupTimeoutMs, async (signal) => {
        const { logout } = await import("./registry/login.ts");
        return logout(context, registries, registry, signal);
      });
    },
    async list(call = {}) {
      return run("listing images", call, lookupTimeoutMs, () => listImages(context));
    },
    async ensure(reference, call = {}) {
      const when = call.pull ?? "missing";
      if (when === "always") return pull(reference, call);
      try {
        const image = await get(reference, call);
        const wanted = call.platform === undefined ? image.platform : parsePlatform(call.platform);
        if (fit(wanted, image.platform) > 0) return image;
        if (when === "never")
          throw wrongPlatform(reference, wanted, [showPlatform(image.platform)]);
      } catch (error) {
        if (!isVirtError(error, "IMAGE_NOT_FOUND") || when === "never") throw error;
        return obtain(reference, call);
      }
      return pull(reference, call);
    },
    async remove(reference, call = {}) {
      return change("removing an image", call, (signal) =>
        removeImage(context, reference, call.force ?? false, signal),
      );
    },
    async prune(call = {}) {
      return change("pruning images", call, async (signal) => {
        const { pruneImages } = await import("./store/prune.ts");
        return pruneImages(context, call.all ?? false, signal);
      });
    },
    async sweep(call = {}) {
      return run("sweeping images", call, transferTimeoutMs, async (signal) => {
        const { sweep } = await import("./store/sweep.ts");
        return sweep(context, call.dryRun ?? false, signal);
      });
    },
    userFile(digest, sandboxId) {
      if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}(@[0-9a-f]{16})?$/.test(sandboxId)) {
        throw new VirtError("INVALID_ARGUMENT", "the sandbox's id is not valid", {
          field: "sandboxId",
        });
      }
      return join(imageFolder(context.paths, digestHex(digest)), usersFolder, sandboxId);
    },
  };
}
