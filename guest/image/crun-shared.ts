import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, inScratch } from "../../scripts/support/cache.ts";
import { run } from "../../scripts/support/run.ts";
import { candidates, type DebianPackage, unpackPackage } from "./debian/packages.ts";

const interpreter = "lib64/ld-linux-x86-64.so.2";
const libraryFolders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];

/** Debian's crun binary with the libraries it needs, as a folder to lay over the guest's root. */
export async function sharedCrun(found: DebianPackage): Promise<string> {
  return await cached("crun-shared", found.version, (target) =>
    inScratch(async (scratch) => {
      const unpacked = join(scratch, "unpacked");
      for (const each of await withDependencies(found)) {
        await unpackPackage(each, scratch, unpacked);
      }
      for (const path of await neededFiles(unpacked, "usr/bin/crun")) {
        await mkdir(dirname(join(target, path)), { recursive: true });
        await copyFile(join(unpacked, path), join(target, path));
      }
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

/** A program, its interpreter and the libraries it is linked with, as paths below the root. */
async function neededFiles(root: string, program: string): Promise<string[]> {
  const files = new Set([program, interpreter]);
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
