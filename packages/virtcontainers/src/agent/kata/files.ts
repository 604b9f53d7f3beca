import { type FileEntry, FileKind } from "@virtcontainers/agent-protocol";
import { isVirtError } from "../../errors.ts";
import type { GuestFile, GuestPiece, SandboxFile } from "../files.ts";
import type { KataCalls } from "./calls.ts";

/** PATH_MAX and NAME_MAX of Linux. */
const maxTarget = 4096;
const maxName = 255;

const kinds = {
  file: FileKind.FILE,
  folder: FileKind.FOLDER,
  link: FileKind.LINK,
  "hard link": FileKind.HARD_LINK,
} as const;

export async function statPath(
  calls: KataCalls,
  containerId: string,
  path: string,
  follow: boolean,
  signal: AbortSignal,
): Promise<GuestFile | undefined> {
  const { entry } = await calls.call("StatPath", { containerId }, signal, (options) =>
    calls.extension.statPath({ containerId, path, follow }, options),
  );
  return entry === undefined ? undefined : file(calls, entry, "StatPath");
}

export async function listFolder(
  calls: KataCalls,
  containerId: string,
  path: string,
  { after, limit }: { after: Uint8Array; limit: number },
  signal: AbortSignal,
): Promise<GuestFile[]> {
  const request = { containerId, path, after, limit };
  const { entries } = await calls.call("ListFolder", { containerId }, signal, (options) =>
    calls.extension.listFolder(request, options),
  );
  if (entries.length > limit) throw calls.violation("ListFolder", `${entries.length} entries`);
  let last = after;
  for (const { name } of entries) {
    // In order, so that no list is without end.
    if (Buffer.compare(name, last) <= 0) throw calls.violation("ListFolder", "names in disorder");
    last = name;
  }
  return entries.map((entry) => file(calls, entry, "ListFolder"));
}

export async function readFile(
  calls: KataCalls,
  containerId: string,
  path: string,
  { offset, length, follow = false }: { offset: number; length: number; follow?: boolean },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const request = { containerId, path, offset: BigInt(offset), len: length, follow };
  const { data } = await calls.call("ReadFile", { containerId }, signal, (options) =>
    calls.extension.readFile(request, options),
  );
  if (data.length <= length) return data;
  throw calls.violation("ReadFile", `${data.length} bytes where ${length} were asked for`);
}

export async function putFile(
  calls: KataCalls,
  containerId: string,
  piece: GuestPiece,
  signal: AbortSignal,
): Promise<void> {
  const { path, kind, mode, uid, gid, mtimeMs, size, offset, data, target, part } = piece;
  const request = {
    ...{ containerId, path, kind: kinds[kind], mode, uid, gid, data, part },
    mtimeMs: BigInt(Math.trunc(mtimeMs)),
    size: BigInt(size),
    offset: BigInt(offset),
    target: Buffer.from(target),
  };
  await calls.call("PutFile", { containerId }, signal, (options) =>
    calls.extension.putFile(request, options),
  );
}

export async function putSandboxFile(
  calls: KataCalls,
  { name, text }: SandboxFile,
  signal: AbortSignal,
): Promise<void> {
  const data = Buffer.from(text);
  const request = { path: `/${name}`, kind: kinds.file, data, size: BigInt(data.length) };
  await calls.call("PutFile", {}, signal, (options) => calls.extension.putFile(request, options));
}

export async function dropFile(
  calls: KataCalls,
  containerId: string,
  path: string,
  part: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("DropFile", { containerId }, signal, (options) =>
    calls.extension.dropFile({ containerId, path, part }, options),
  );
}

export async function renamePath(
  calls: KataCalls,
  containerId: string,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("RenamePath", { containerId }, signal, (options) =>
    calls.extension.renamePath({ containerId, from, to }, options),
  );
}

export async function removePath(
  calls: KataCalls,
  containerId: string,
  path: string,
  recursive: boolean,
  signal: AbortSignal,
): Promise<void> {
  // What takes long is done in parts, none of which holds the guest's thread for long.
  for (let begun = false; ; begun = true) {
    try {
      const { more } = await calls.call("RemovePath", { containerId }, signal, (options) =>
        calls.extension.removePath({ containerId, path, recursive }, options),
      );
      if (!more) return;
    } catch (error) {
      // Somebody else has removed the rest.
      if (begun && isVirtError(error, "FILE_NOT_FOUND")) return;
      throw error;
    }
  }
}

function file(calls: KataCalls, entry: FileEntry, method: string): GuestFile {
  const { uid, gid } = entry;
  const name = Buffer.from(entry.name);
  const [size, mtimeMs] = [Number(entry.size), Number(entry.mtimeMs)];
  if (name.length > maxName || entry.target.length > maxTarget || !Number.isSafeInteger(size))
    throw calls.violation(method, "an entry that no file system has");
  const target = Buffer.from(entry.target).toString("utf8");
  const told = kindOf(entry.kind);
  const kind = told === "link" && !isText(entry.target, target) ? "other" : told;
  return { name, kind, mode: entry.mode & 0o7777, uid, gid, mtimeMs, size, target };
}

function kindOf(kind: FileKind): GuestFile["kind"] {
  if (kind === FileKind.FILE) return "file";
  if (kind === FileKind.FOLDER) return "folder";
  return kind === FileKind.LINK ? "link" : "other";
}

function isText(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(text).equals(bytes) && text !== "" && !text.includes("\u0000");
}
