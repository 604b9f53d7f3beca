import { existsSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { hashFile } from "../../scripts/support/hash.ts";
import { headBytes } from "./pfn.ts";

export interface ManifestKernel {
  path: string;
  initramfs?: string;
  version: string;
  sha256: string;
  /** Kernel parameters that this kernel needs beside the usual ones. */
  cmdline: string[];
}

/** What is in the folder of guest files; the library reads it to find what a VM boots from. */
export interface Manifest {
  schemaVersion: 1;
  arch: "x86_64";
  kernels: { tuned?: ManifestKernel; debian?: ManifestKernel };
  image: { path: string; fstype: string; offset: number; sizeBytes: number; sha256: string };
  busybox: { path: string; sha256: string };
  versions: Record<string, string>;
}

export const files = {
  tuned: "vmlinux-tuned",
  debian: "vmlinux-debian",
  initramfs: "initramfs-debian.cpio.lz4",
  image: "root.img",
  busybox: "busybox.tar",
  manifest: "manifest.json",
} as const;

/**
 * Keeps the lock prefixes as they are: with one CPU the kernel would else take them out, thousands of writes to
 * its own code, which cost an emulated CPU a tenth of the boot, and put them back when a CPU is plugged in.
 */
const cmdline = ["noreplace-smp"];

/** Describes the files that lie in a folder. */
export async function describe(
  folder: string,
  releases: { tuned?: string | undefined; debian: string },
  versions: Record<string, string>,
): Promise<Manifest> {
  const hash = (name: string) => hashFile(join(folder, name));
  const kernel = async (path: string, version: string) => ({
    path,
    version,
    sha256: await hash(path),
    cmdline,
  });
  return {
    schemaVersion: 1,
    arch: "x86_64",
    kernels: {
      ...(releases.tuned && { tuned: await kernel(files.tuned, releases.tuned) }),
      debian: { ...(await kernel(files.debian, releases.debian)), initramfs: files.initramfs },
    },
    image: {
      path: files.image,
      fstype: "erofs",
      offset: headBytes,
      sizeBytes: (await stat(join(folder, files.image))).size,
      sha256: await hash(files.image),
    },
    busybox: { path: files.busybox, sha256: await hash(files.busybox) },
    versions,
  };
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, files.manifest);
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${path}.new`, path);
}

const WithTuned = v.object({ kernels: v.object({ tuned: v.object({ version: v.string() }) }) });

/** The release of the tuned kernel that a folder holds, if it holds one. */
export async function tunedRelease(folder: string): Promise<string | undefined> {
  if (!existsSync(join(folder, files.tuned))) return undefined;
  const text = await readFile(join(folder, files.manifest), "utf8").catch(() => "{}");
  const found = v.safeParse(WithTuned, JSON.parse(text));
  return found.success ? found.output.kernels.tuned.version : undefined;
}
