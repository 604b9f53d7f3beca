import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cached, inScratch } from "../../../scripts/support/cache.ts";
import { hashOf } from "../../../scripts/support/hash.ts";
import { run } from "../../../scripts/support/run.ts";
import { type DebianPackage, unpackPackage } from "../debian/packages.ts";
import { bootModules, moduleClosure, nvdimmModules, sandboxModules } from "../modules.ts";
import { lz4Payload } from "./bzimage.ts";

/** Raise it when the way of unpacking changes. */
const recipe = "1";

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
      await unpackPackage({ name: image, version: meta.version }, scratch, unpacked);
      await extractVmlinux(join(unpacked, "boot", `vmlinuz-${release}`), scratch, target);
      await copyModules(unpacked, release, modules, join(target, "modules"));
    }),
  );
  return { release, vmlinuxPath: join(folder, "vmlinux"), modulesRoot: join(folder, "modules") };
}

async function extractVmlinux(bzImage: string, scratch: string, target: string): Promise<void> {
  const payload = join(scratch, "vmlinux.lz4");
  await writeFile(payload, lz4Payload(await readFile(bzImage)));
  const full = join(scratch, "vmlinux");
  await run("lz4", ["-d", "-f", "-q", payload, full]);
  await run("strip", ["-o", join(target, "vmlinux"), full]);
}

async function copyModules(
  unpacked: string,
  release: string,
  names: readonly string[],
  target: string,
): Promise<void> {
  const folder = join("lib/modules", release);
  await run("depmod", ["-b", unpacked, release]);
  const index = await readFile(join(unpacked, folder, "modules.dep"), "utf8");
  for (const path of moduleClosure(index, names)) {
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
