import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { VirtError } from "../errors.ts";
import { isErrno } from "../host/errno.ts";
import { assertTrusted } from "../host/trusted.ts";

const guestPackage = "@virtcontainers/guest-linux-x64";

/** Who has the packages from npm has no scripts of the repository. */
const filesHint = `Install ${guestPackage} again; in a clone of the repository, run \`npm run setup\`.`;
export const tunedHint = `The package ${guestPackage} has the tuned kernel: install it; in a clone of the repository, run \`npm run guest:kernel\`.`;

/** Whoever owns this code can change what it does, so its owner may own the guest's files too. */
const ourOwner = statSync(fileURLToPath(import.meta.url), { throwIfNoEntry: false })?.uid;

const fileName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "it must be a file name"),
);
const kernel = v.object({
  path: fileName,
  initramfs: v.optional(fileName),
  version: v.string(),
  cmdline: v.array(v.string()),
});

const Manifest = v.object({
  schemaVersion: v.literal(1),
  kernels: v.object({ tuned: v.optional(kernel), debian: v.optional(kernel) }),
  image: v.object({ path: fileName, fstype: v.string(), offset: v.number() }),
  busybox: v.optional(v.object({ path: fileName })),
  versions: v.optional(v.record(v.string(), v.string()), {}),
});

export type KernelFlavour = "tuned" | "debian";

/** The files that a VM boots from, as absolute paths. */
export interface GuestAssets {
  flavour: KernelFlavour;
  kernelPath: string;
  initrdPath: string | undefined;
  kernelVersion: string;
  kernelArgs: readonly string[];
  imagePath: string;
  imageOffset: number;
  imageFsType: string;
  busyboxPath: string | undefined;
  /** Of what is in the guest, by name: agent, crun, busybox. */
  versions: Readonly<Record<string, string>>;
}

/** Where the guest's files are: VIRTC_GUEST_DIR, else the package for this platform. HOST_REQUIREMENT if nowhere. */
export function findGuestDir(env: NodeJS.ProcessEnv): string {
  const chosen = env.VIRTC_GUEST_DIR;
  if (chosen) return resolve(chosen);
  for (const base of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const found = createRequire(base).resolve(`${guestPackage}/package.json`);
      return join(dirname(found), "dist");
    } catch {}
  }
  throw new VirtError("HOST_REQUIREMENT", `the package ${guestPackage} is not installed`, {
    hint: `Install it (npm install ${guestPackage}), or set VIRTC_GUEST_DIR to a folder with a manifest.json.`,
  });
}

/**
 * Reads the manifest and picks the kernel: the tuned one if it is there, or the one asked for. HOST_REQUIREMENT, also
 * where others could change the files.
 */
export async function loadGuestAssets(dir: string, flavour?: KernelFlavour): Promise<GuestAssets> {
  const manifest = await readManifest(dir);
  const name = flavour ?? (manifest.kernels.tuned ? "tuned" : "debian");
  const chosen = manifest.kernels[name];
  if (chosen === undefined) {
    throw new VirtError("HOST_REQUIREMENT", `the guest files in ${dir} have no ${name} kernel`, {
      field: "kernel",
      hint: name === "tuned" ? `${tunedHint} Or use the debian kernel.` : filesHint,
    });
  }
  return {
    flavour: name,
    kernelPath: existing(dir, chosen.path),
    initrdPath: chosen.initramfs === undefined ? undefined : existing(dir, chosen.initramfs),
    kernelVersion: chosen.version,
    kernelArgs: chosen.cmdline,
    imagePath: existing(dir, manifest.image.path),
    imageOffset: manifest.image.offset,
    imageFsType: manifest.image.fstype,
    busyboxPath: manifest.busybox && trusted(dir, manifest.busybox.path),
    versions: manifest.versions,
  };
}

async function readManifest(dir: string): Promise<v.InferOutput<typeof Manifest>> {
  const path = join(dir, "manifest.json");
  assertTrusted(path, ourOwner);
  try {
    return v.parse(Manifest, JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    const missing = isErrno(cause, "ENOENT", "ENOTDIR");
    throw new VirtError(
      "HOST_REQUIREMENT",
      missing ? `there are no guest files: ${path} is missing` : `${path} is damaged`,
      { cause, hint: filesHint },
    );
  }
}

function existing(dir: string, name: string): string {
  const path = trusted(dir, name);
  if (existsSync(path)) return path;
  throw new VirtError("HOST_REQUIREMENT", `the guest file ${path} is missing`, {
    hint: filesHint,
  });
}

function trusted(dir: string, name: string): string {
  const path = join(dir, name);
  assertTrusted(path, ourOwner);
  return path;
}
