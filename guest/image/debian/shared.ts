import { existsSync } from "node:fs";
import { copyFile, mkdir, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, inScratch } from "../../../scripts/support/cache.ts";
import { hashOf } from "../../../scripts/support/hash.ts";
import { run } from "../../../scripts/support/run.ts";
import { candidates, type DebianPackage, unpackPackage } from "./packages.ts";

const interpreter = "lib64/ld-linux-x86-64.so.2";
const libraryFolders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

export interface SharedProgram {
  /** What is kept in the cache of builds under this name. */
  kind: string;
  /** The program and what it loads by itself, as paths below the root. */
  files: readonly string[];
  /** Symbolic links to make, with what they lead to. */
  links?: Readonly<Record<string, string>>;
}

/** A program out of a package with the libraries it needs, as a folder to lay over the guest's root. */
export async function sharedProgram(found: DebianPackage, wanted: SharedProgram): Promise<string> {
  const { kind, files, links = {} } = wanted;
  const packages = await withDependencies(found);
  const parts = [...packages.map(({ name, version }) => `${name}=${version}`).sort(), ...files];
  const key = `${found.version}-${hashOf(...parts, JSON.stringify(links)).slice(0, 12)}`;
  return await cached(kind, key, (target) =>
    inScratch(async (scratch) => {
      const unpacked = join(scratch, "unpacked");
      for (const each of packages) await unpackPackage(each, scratch, unpacked);
      for (const path of await neededFiles(unpacked, files)) {
        await mkdir(dirname(join(target, path)), { recursive: true });
        await copyFile(join(unpacked, path), join(target, path));
      }
      for (const [path, to] of Object.entries(links)) await symlink(to, join(target, path));
    }),
  );
}

/** A package and all that it depends on, directly or not. */
async function withDependencies(found: DebianPackage): Promise<DebianPackage[]> {
  const all = new Map([[found.name, found]]);
  let fresh = [found];
  while (fresh.length > 0) {
    const names = fresh.flatMap(({ depends }) => depends).filter((name) => !all.has(name));
    fresh = names.length === 0 ? [] : [...(await candidates([...new Set(names)])).values()];
    for (const each of fresh) all.set(each.name, each);
  }
  return [...all.values()];
}

/** Files, their interpreter and the libraries they are linked with, as paths below the root. */
async function neededFiles(root: string, wanted: readonly string[]): Promise<string[]> {
  const files = new Set([...wanted, interpreter]);
  for (const file of files) {
    const dynamic = await run("objdump", ["-p", join(root, file)]);
    for (const [, library = ""] of dynamic.matchAll(/NEEDED\s+(\S+)/g)) {
      if (library === basename(interpreter)) continue;
      const folder = libraryFolders.find((each) => existsSync(join(root, each, library)));
      if (folder === undefined)
        throw new Error(`${file} needs ${library}, which no package brings`);
      files.add(join(folder, library));
    }
  }
  return [...files];
}
