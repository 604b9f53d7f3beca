import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, inScratch } from "../../../scripts/support/cache.ts";
import { hashOf } from "../../../scripts/support/hash.ts";
import { run } from "../../../scripts/support/run.ts";
import { type DebianPackage, unpackPackage } from "../debian/packages.ts";
import {
  bootModules,
  type ModuleLists,
  moduleClosure,
  nvdimmModules,
  sandboxModules,
} from "../modules.ts";
import { compressedPayload } from "./bzimage.ts";

/** Raise it when the way of unpacking changes. */
const recipe = "2";

/** The package whose only dependency is Debian's newest kernel for virtual machines. */
export const cloudKernelPackage = "linux-image-cloud-amd64";

/** What `uname -r` says in the guest and where its modules are. */
export interface DebianKernel {
  release: string;
  vmlinuxPath: string;
  /** A folder with lib/modules/<release>: the modules that the guest may need, and their indexes. */
  modulesRoot: string;
}

/** Debian's cloud kernel as a PVH vmlinux, with the guest's modules. Nothing is installed. */
export async function debianKernel(meta: DebianPackage): Promise<DebianKernel> {
  const image = meta.depends.find((name) => /^linux-image-\d.*-cloud-amd64$/.test(name));
  if (image === undefined) throw new Error(`${meta.name} depends on no kernel`);
  const release = image.slice("linux-image-".length);
  const modules = [...bootModules, ...nvdimmModules, ...sandboxModules];
  const key = `${release}-${hashOf(recipe, meta.version, ...modules).slice(0, 12)}`;
  const folder = await cached("kernel-debian", key, (target) =>
    inScratch(async (scratch) => {
      const unpacked = join(scratch, "unpacked");
      await unpackPackage({ ...meta, name: image }, scratch, unpacked);
      await extractVmlinux(join(unpacked, "boot", `vmlinuz-${release}`), scratch, target);
      await copyModules(unpacked, release, modules, join(target, "modules"));
    }),
  );
  return { release, vmlinuxPath: join(folder, "vmlinux"), modulesRoot: join(folder, "modules") };
}

export async function extractVmlinux(
  bzImage: string,
  scratch: string,
  target: string,
): Promise<void> {
  const { stream, unpacker } = compressedPayload(await readFile(bzImage));
  const payload = join(scratch, "payload");
  await writeFile(payload, stream);
  const full = join(scratch, "vmlinux");
  await run("sh", ["-euc", '"$0" -d -c -q < "$1" > "$2"', unpacker, payload, full]);
  await run("strip", ["-o", join(target, "vmlinux"), full]);
}

/** Makes modules of a package as the guest needs them: below lib, where newer releases have usr/lib, and unpacked. */
export async function prepareModules(unpacked: string, release: string): Promise<void> {
  if (!existsSync(join(unpacked, "lib"))) await symlink("usr/lib", join(unpacked, "lib"));
  const modules = join(unpacked, "lib/modules", release, "kernel");
  const unpack =
    "find . -name '*.ko.xz' -exec xz -d {} + && find . -name '*.ko.zst' -exec zstd -d -q --rm {} +";
  await run("sh", ["-euc", unpack], { cwd: modules });
}

/** Copies modules with all that they need; what is built into the kernel is there already. */
export async function copyModules(
  unpacked: string,
  release: string,
  names: readonly string[],
  target: string,
): Promise<void> {
  const folder = join("lib/modules", release);
  await prepareModules(unpacked, release);
  await run("depmod", ["-b", unpacked, release]);
  const lists = await readLists(join(unpacked, folder));
  for (const path of moduleClosure(lists, names)) {
    const copy = join(target, folder, path);
    await mkdir(dirname(copy), { recursive: true });
    await cp(join(unpacked, folder, path), copy);
  }
  for (const list of await readdir(join(unpacked, folder))) {
    if (!/^modules\.(order|builtin|builtin\.modinfo)$/.test(list)) continue;
    await cp(join(unpacked, folder, list), join(target, folder, list));
  }
  await run("depmod", ["-b", target, release]);
  // The binary indexes and the table of symbols are kmod's, which the guest does not have.
  for (const list of await readdir(join(target, folder))) {
    if (/\.bin$|^modules\.(symbols|builtin\.modinfo)$/.test(list))
      await rm(join(target, folder, list));
  }
}

/** What a kernel has of modules, from its folder. */
export async function readLists(folder: string): Promise<ModuleLists> {
  return {
    dep: await readFile(join(folder, "modules.dep"), "utf8"),
    builtin: await readFile(join(folder, "modules.builtin"), "utf8"),
  };
}
