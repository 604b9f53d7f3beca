import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { assertTrusted } from "../../packages/virtcontainers/src/host/trusted.ts";
import { buildCache, repository } from "./paths.ts";

/** Whoever owns these scripts may own what they build. */
const owner = statSync(repository).uid;

/** So many results of a kind are kept, those used last. */
const kept = 4;

/** Where the cache keeps, or will keep, a result. */
export function cacheEntry(kind: string, key: string): string {
  return join(buildCache, kind, key.replaceAll(/[^\w.+~-]/g, "_"));
}

/**
 * The folder of a result in the cache, made by `make` in a folder of its own if it is not there.
 * The key holds all that the result depends on, so an entry never changes. It appears whole:
 * a killed or second build at the same time does no harm.
 */
export async function cached(
  kind: string,
  key: string,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const entry = cacheEntry(kind, key);
  assertTrusted(entry, owner);
  if (!existsSync(entry)) {
    await inScratch(async (scratch) => {
      const result = join(scratch, "result");
      await mkdir(result);
      await make(result);
      await mkdir(join(buildCache, kind), { recursive: true });
      await rename(result, entry).catch((error: unknown) => {
        if (!existsSync(entry)) throw error;
      });
    });
  }
  await utimes(entry, new Date(), new Date());
  await dropOld(join(buildCache, kind));
  return entry;
}

/** Runs work in a scratch folder beside the cache, which is removed after. */
export async function inScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  assertTrusted(buildCache, owner);
  await mkdir(buildCache, { recursive: true, mode: 0o700 });
  assertTrusted(buildCache, owner);
  await dropAbandoned();
  const scratch = await mkdtemp(join(buildCache, `.work-${process.pid}-`));
  try {
    return await work(scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Scratch folders of processes that were killed: a kernel's is almost 2 GiB. */
async function dropAbandoned(): Promise<void> {
  for (const name of await readdir(buildCache)) {
    const owner = /^\.work-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || existsSync(`/proc/${owner}`)) continue;
    await rm(join(buildCache, name), { recursive: true, force: true });
  }
}

async function dropOld(folder: string): Promise<void> {
  const entries = await Promise.all(
    (await readdir(folder)).map(async (name) => {
      const path = join(folder, name);
      return { path, used: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 };
    }),
  );
  const old = entries.sort((a, b) => b.used - a.used).slice(kept);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
