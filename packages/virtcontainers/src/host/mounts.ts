import { closeSync } from "node:fs";
import { type FileHandle, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { VirtError } from "../errors.ts";
import { hostError, isErrno } from "./errno.ts";
import { pin, pinnedPath, pinParent, pinReal } from "./files.ts";
import type { Mounts } from "./host.ts";
import type { Libc } from "./libc.ts";

const openTreeClone = 1;
const openTreeCloexec = 0o2000000;
const atRecursive = 0x8000;
const moveFromEmptyPath = 0x04;
const moveToEmptyPath = 0x40;
const attrReadonly = 0x01;
const attrNosuid = 0x02;
const attrNodev = 0x04;
const propagations = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20 } as const;
const mntDetach = 2;
const umountNofollow = 8;
const msNosuid = 2;
const msNodev = 4;
const msNoexec = 8;
const tmpfsInodes = 16;

type BindOptions = NonNullable<Parameters<Mounts["bind"]>[2]>;

export function createMounts(libc: () => Libc): Mounts {
  return {
    bind: async (source, target, options = {}) => {
      try {
        if (typeof source !== "string") return await bind(libc(), source, target, options);
        await using pinned = await pinReal(source);
        await bind(libc(), pinned, target, options);
      } catch (error) {
        const what = typeof source === "string" ? source : "a pinned file or folder";
        throw mountError(error, what, target);
      }
    },
    tmpfs: async (target, bytes) => {
      try {
        await tmpfs(libc(), target, bytes);
      } catch (error) {
        throw mountError(error, "a tmpfs", target);
      }
    },
    unmount: async (target) => unmount(libc(), target),
    listBelow,
  };
}

/**
 * The copy of the mount is made, set read-only and given its propagation before it appears anywhere, and
 * both ends are pinned by file descriptors: there is no moment at which it is writable, and no path that
 * could be swapped for a symlink on the way. mount_setattr(2).
 */
async function bind(
  libc: Libc,
  source: FileHandle,
  target: string,
  { readonly, propagation, recursive = false }: BindOptions,
): Promise<void> {
  await using to = await pinFolder(target);
  const below = recursive ? atRecursive : 0;
  const tree = libc.openTree(source.fd, openTreeClone | openTreeCloexec | below);
  try {
    const set = attrNosuid | attrNodev | (readonly === true ? attrReadonly : 0);
    const attributes = { set, propagation: propagations[propagation ?? "private"] };
    libc.mountSetattr(tree, below, attributes);
    libc.moveMount(tree, to.fd, moveFromEmptyPath | moveToEmptyPath);
  } finally {
    closeSync(tree);
  }
}

async function tmpfs(libc: Libc, target: string, bytes: number): Promise<void> {
  await using to = await pinFolder(target);
  const options = `size=${bytes},nr_inodes=${tmpfsInodes},mode=700`;
  libc.mount("tmpfs", pinnedPath(to.fd), "tmpfs", msNosuid | msNodev | msNoexec, options);
}

/** What is to be mounted on; a symlink is refused. */
async function pinFolder(target: string): Promise<FileHandle> {
  const to = await pin(target);
  if (!(await to.stat()).isSymbolicLink()) return to;
  await to.close();
  throw new VirtError("HOST_FAILED", `${target} is a symbolic link; nothing is mounted on it`);
}

function mountError(error: unknown, source: string, target: string): VirtError {
  if (isErrno(error, "EPERM")) {
    return new VirtError("HOST_REQUIREMENT", `mounting ${source} on ${target} is not permitted`, {
      cause: error,
      hint: "Run as root with CAP_SYS_ADMIN.",
    });
  }
  if (isErrno(error, "ENOSYS")) {
    return new VirtError("HOST_REQUIREMENT", "this kernel lacks mount_setattr", {
      cause: error,
      hint: "Use Linux 5.12 or newer.",
    });
  }
  return hostError(error, `mounting ${source} on ${target}`);
}

async function unmount(libc: Libc, target: string): Promise<void> {
  try {
    await using parent = await pinParent(target);
    libc.umount2(pinnedPath(parent.fd, basename(target)), mntDetach | umountNofollow);
  } catch (error) {
    // EINVAL: it is no mount point.
    if (isErrno(error, "EINVAL", "ENOENT", "ENOTDIR")) return;
    throw hostError(error, `unmounting ${target}`);
  }
}

/** proc_pid_mountinfo(5): the mount point is the fifth field. Later mounts may cover earlier ones. */
async function listBelow(path: string): Promise<string[]> {
  const below = path.endsWith("/") ? path : `${path}/`;
  const points: string[] = [];
  for (const line of (await readFile("/proc/self/mountinfo", "utf8")).split("\n")) {
    const point = unescapeOctal(line.split(" ")[4] ?? "");
    if (point === path || point.startsWith(below)) points.push(point);
  }
  const depth = (point: string): number => point.split("/").length;
  return points.reverse().sort((a, b) => depth(b) - depth(a));
}

/** Space, tab, newline and backslash stand as octal numbers there. */
function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
