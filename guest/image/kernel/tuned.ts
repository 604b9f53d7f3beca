import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, cacheEntry, inScratch } from "../../../scripts/support/cache.ts";
import { hashFile, hashOf } from "../../../scripts/support/hash.ts";
import { run } from "../../../scripts/support/run.ts";
import { type DebianPackage, installedVersions, unpackPackage } from "../debian/packages.ts";

const fragment = fileURLToPath(new URL("kernel.fragment", import.meta.url));

/** Raise it when the way of building changes. */
const recipe = "1";

/** The same sources give the same bytes whoever builds them, and when. */
const reproducible = {
  KBUILD_BUILD_TIMESTAMP: "@1",
  KBUILD_BUILD_USER: "virtc",
  KBUILD_BUILD_HOST: "virtc",
  KBUILD_BUILD_VERSION: "1",
  SOURCE_DATE_EPOCH: "1",
  LC_ALL: "C",
};

export interface TunedKernel {
  release: string;
  vmlinuxPath: string;
}

/** The name of Debian's package with the sources of a kernel, such as 6.1.0-56-cloud-amd64. */
export function sourcePackage(release: string): string {
  return `linux-source-${release.split(".", 2).join(".")}`;
}

const kind = "kernel-tuned";

/** What the kernel that these sources and the fragment make depends on. */
async function keyOf(source: DebianPackage): Promise<string> {
  const tools = await installedVersions(["gcc-12", "gcc", "binutils"]);
  const rest = hashOf(recipe, await hashFile(fragment), ...tools);
  return `${source.version}-${rest.slice(0, 12)}`;
}

/** The tuned kernel, if it has been built. */
export async function builtTunedKernel(source: DebianPackage): Promise<TunedKernel | undefined> {
  const folder = cacheEntry(kind, await keyOf(source));
  return existsSync(join(folder, "vmlinux")) ? await load(folder) : undefined;
}

/** Builds the tuned kernel from Debian's kernel source and the fragment: some minutes on two cores. */
export async function tunedKernel(
  source: DebianPackage,
  update: (detail: string) => void,
): Promise<TunedKernel> {
  const folder = await cached(kind, await keyOf(source), (target) =>
    inScratch(async (scratch) => {
      update("unpacking the source");
      const unpacked = join(scratch, "unpacked");
      await unpackPackage(source, scratch, unpacked);
      const archive = join(unpacked, "usr/src", `${source.name}.tar.xz`);
      await run("tar", ["-xf", archive], { cwd: scratch });
      await compile(join(scratch, source.name), update);
      await save(join(scratch, source.name), target);
    }),
  );
  return load(folder);
}

async function compile(tree: string, update: (detail: string) => void): Promise<void> {
  const options = { cwd: tree, env: reproducible };
  await run("make", ["allnoconfig"], options);
  await run("scripts/kconfig/merge_config.sh", ["-m", ".config", fragment], options);
  await run("make", ["olddefconfig"], options);
  let compiled = 0;
  const onLine = (line: string) => {
    if (/^ {2}(CC|AS|LD|AR) /.test(line)) compiled += 1;
    update(`${compiled} files: ${line}`);
  };
  const jobs = `-j${availableParallelism()}`;
  await run("nice", ["-n", "5", "make", jobs, "vmlinux"], { ...options, onLine });
}

async function save(tree: string, target: string): Promise<void> {
  const release = await readFile(join(tree, "include/config/kernel.release"), "utf8");
  await run("cp", [join(tree, ".config"), join(target, "config")]);
  await writeFile(join(target, "release"), release);
  await run("strip", ["-o", join(target, "vmlinux"), join(tree, "vmlinux")]);
}

async function load(folder: string): Promise<TunedKernel> {
  const release = (await readFile(join(folder, "release"), "utf8")).trim();
  return { release, vmlinuxPath: join(folder, "vmlinux") };
}
