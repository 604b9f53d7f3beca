import { constants } from "node:fs";
import { type FileHandle, mkdir, open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { GuestFile } from "../../agent/files.ts";
import type { CopyOptions } from "../../config/copy.ts";
import { invalidArgument } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import { pinReal } from "../../host/files.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { watchShare } from "../../storage/virtiofs/daemon.ts";
import { absoluteParts, type CopyResult, isPlainName, Tally } from "../../transfer/entry.ts";
import { type GuestSide, guestTree } from "../../transfer/guest-tree.ts";
import { hostTree } from "../../transfer/host-tree.ts";
import { tarTree } from "../../transfer/tar-tree.ts";
import { writeTar } from "../../transfer/tar-write.ts";
import { toGuest } from "../../transfer/to-guest.ts";
import { toHost } from "../../transfer/to-host.ts";
import { withHardLinks } from "../hard-links.ts";
import { containerSpec } from "../spec/spec.ts";
import { guestSide } from "./guest-side.ts";

/** Copies a file or folder of the host into a container: into a folder that is there, else to that name. */
export async function copyTo(
  operation: Operation,
  containerId: string,
  hostPath: string,
  guestPath: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const side = await guestSide(operation, containerId);
  using _share = await watchShare(operation, operation.container(containerId));
  const tally = new Tally(options);
  const source = await realSource(hostPath);
  await using pinned = await pinReal(source).catch((error: unknown) => {
    throw hostError(error, `opening ${source}`);
  });
  const contents = isContents(hostPath);
  if (contents && !(await pinned.stat()).isDirectory())
    throw invalidArgument("hostPath", hostPath, "it is no folder, so it has no contents");
  const target = await guestTarget(side, guestPath, contents ? undefined : basename(source));
  operation.context.host.failpoint("copy.before");
  await toGuest(side, target, hostTree(pinned, source, tally), tally, options.archive ?? false);
  operation.context.host.failpoint("copy.after");
  return tally.result("hostPath", hostPath);
}

/** Copies a file or folder of a container to the host: into a folder that is there, else to that name. */
export async function copyFrom(
  operation: Operation,
  containerId: string,
  guestPath: string,
  hostPath: string,
  options: CopyOptions,
): Promise<CopyResult> {
  const side = await guestSide(operation, containerId);
  using _share = await watchShare(operation, operation.container(containerId));
  const tally = new Tally(options);
  const { path, file, ownName } = await guestSource(side, guestPath);
  const contents = isContents(guestPath);
  if (contents && file.kind !== "folder")
    throw invalidArgument("guestPath", guestPath, "it is no folder, so it has no contents");
  const name = contents ? undefined : (ownName ?? "rootfs");
  const { folder, prefix } = await hostTarget(hostPath, name);
  await using target = folder;
  await toHost(target, prefix, guestTree(side, path, file, tally), tally, options.archive ?? false);
  return tally.result("guestPath", guestPath);
}

/** Unpacks a tar stream in a folder of a container. */
export async function importTar(
  operation: Operation,
  containerId: string,
  guestPath: string,
  stream: AsyncIterable<Uint8Array>,
  options: CopyOptions,
): Promise<CopyResult> {
  const side = await guestSide(operation, containerId);
  using _share = await watchShare(operation, operation.container(containerId));
  const tally = new Tally(options);
  const { path, file } = await guestSource(side, guestPath);
  if (file.kind !== "folder") throw invalidArgument("guestPath", guestPath, "it must be a folder");
  await toGuest(side, path, tarTree(stream, tally), tally, options.archive ?? true);
  return tally.result("stream", "a tar stream");
}

/** Hands a file or folder of a container to `write`, as a tar stream. */
export async function exportTar(
  operation: Operation,
  containerId: string,
  guestPath: string,
  write: (data: Uint8Array) => void | Promise<void>,
  options: CopyOptions,
): Promise<CopyResult> {
  const side = await guestSide(operation, containerId);
  using _share = await watchShare(operation, operation.container(containerId));
  const tally = new Tally(options);
  const { path, file, ownName } = await guestSource(side, guestPath);
  const name = isContents(guestPath) ? undefined : ownName;
  if (file.kind === "other")
    throw invalidArgument(
      "guestPath",
      guestPath,
      "it must be a file or folder, and no device, socket or pipe",
    );
  const mounts = options.withoutMounts ? mountsOf(operation, containerId) : undefined;
  const tree = guestTree(side, path, file, tally, mounts);
  const { image } = operation.container(containerId);
  const linked = path === "" && image !== undefined ? withHardLinks(tree, image.path) : tree;
  const tar = writeTar(linked, name, tally);
  for await (const data of tar) await write(data);
  return tally.result("guestPath", guestPath);
}

/** Where a container has something mounted, as its guest was told. */
function mountsOf(operation: Operation, containerId: string): Set<string> {
  const mounts =
    containerSpec(operation.container(containerId), operation.sandbox, "/").mounts ?? [];
  return new Set(
    mounts.map(({ destination }) => `/${destination.split("/").filter(isPlainName).join("/")}`),
  );
}

/** `folder/.` stands for what is in the folder, as with cp. */
function isContents(path: string): boolean {
  return path.endsWith("/.") || path === ".";
}

async function realSource(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument("hostPath", path, "there is no such file or folder");
    throw hostError(error, `looking at ${path}`);
  }
}

async function guestSource(
  { agent, containerId, signal }: GuestSide,
  guestPath: string,
): Promise<{ path: string; file: GuestFile; ownName: string | undefined }> {
  const parts = absoluteParts(guestPath, "guestPath");
  const path = `/${parts.join("/")}`;
  const file = await agent.statPath(containerId, path, true, signal);
  if (file === undefined)
    throw invalidArgument("guestPath", guestPath, "there is no such file or folder");
  return { path: path === "/" ? "" : path, file, ownName: parts.at(-1) };
}

/** Where a copy goes in the container; without a name, its contents. */
async function guestTarget(
  { agent, containerId, signal }: GuestSide,
  guestPath: string,
  name: string | undefined,
): Promise<string> {
  const parts = absoluteParts(guestPath, "guestPath");
  const path = parts.length === 0 ? "" : `/${parts.join("/")}`;
  const found = await agent.statPath(containerId, path || "/", true, signal);
  if (found?.kind === "folder") return name === undefined ? path : `${path}/${name}`;
  const wantsFolder = guestPath.endsWith("/") || (found !== undefined && name === undefined);
  if (wantsFolder) throw invalidArgument("guestPath", guestPath, "it must be a folder");
  const above = `/${parts.slice(0, -1).join("/")}`;
  if ((await agent.statPath(containerId, above, true, signal))?.kind === "folder") return path;
  throw invalidArgument("guestPath", guestPath, "there is no folder to hold it");
}

/** The open folder of the host that a copy goes to, and what it is called there. */
async function hostTarget(
  hostPath: string,
  name: string | undefined,
): Promise<{ folder: FileHandle; prefix: string[] }> {
  const found = await stat(hostPath).catch((error: unknown) => {
    if (isErrno(error, "ENOENT")) return undefined;
    throw hostError(error, `looking at ${hostPath}`);
  });
  try {
    if (name === undefined && found === undefined) await mkdir(hostPath);
    const into = found?.isDirectory() || name === undefined;
    if (!into && hostPath.endsWith("/"))
      throw invalidArgument("hostPath", hostPath, "it must be a folder");
    const folder = await open(into ? hostPath : dirname(hostPath), constants.O_DIRECTORY);
    if (!into) return { folder, prefix: [basename(hostPath)] };
    return { folder, prefix: name === undefined ? [] : [name] };
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw invalidArgument("hostPath", join(hostPath), "there is no folder to hold it");
    throw hostError(error, `opening ${hostPath}`);
  }
}
