import type { CopyFileRequest } from "@virtcontainers/agent-protocol";
import { TtrpcError } from "@virtcontainers/ttrpc";

/** Below this folder of the guest files are put. */
const root = "/run/kata-containers/shared/containers/";
const typeMask = 0o170000;
const folderType = 0o040000;
const linkType = 0o120000;

/** What was put into the guest under one path. */
export interface GuestFile {
  type: "file" | "folder" | "link";
  /** The permission bits. */
  mode: number;
  uid: number;
  gid: number;
  /** What is in a file, or where a link leads. */
  data: Uint8Array;
}

/** The files that the host has copied into the guest; a file is there when all of it has come. */
export class GuestFiles {
  readonly files = new Map<string, GuestFile>();
  readonly #pending = new Map<string, Buffer>();

  copy(request: CopyFileRequest): void {
    const { path, fileMode, uid, gid, data } = request;
    if (!path.startsWith(root) || path.split("/").includes(".."))
      throw new TtrpcError("invalid_argument", `path: ${path} is not below ${root}`);
    const mode = fileMode & 0o7777;
    const type = fileMode & typeMask;
    if (type === folderType) {
      this.files.set(path, { type: "folder", mode, uid, gid, data: new Uint8Array() });
    } else if (type === linkType) {
      this.files.set(path, { type: "link", mode, uid, gid, data: Buffer.from(data) });
    } else {
      const whole = this.#piece(request);
      if (whole !== undefined) this.files.set(path, { type: "file", mode, uid, gid, data: whole });
    }
  }

  /** With all that is below it. */
  remove(path: string): void {
    if (!path.startsWith(root) || path.split("/").includes(".."))
      throw new TtrpcError("invalid_argument", `path: ${path} is not below ${root}`);
    for (const name of this.files.keys())
      if (name === path || name.startsWith(`${path}/`)) this.files.delete(name);
  }

  /** The whole file, once its last piece has come. */
  #piece({ path, offset, fileSize, data }: CopyFileRequest): Buffer | undefined {
    const before = offset === 0n ? Buffer.alloc(0) : this.#pending.get(path);
    if (before === undefined || BigInt(before.length) !== offset)
      throw new TtrpcError("invalid_argument", `offset: ${offset} is not where ${path} ends`);
    const now = Buffer.concat([before, data]);
    if (BigInt(now.length) > fileSize)
      throw new TtrpcError("invalid_argument", `data: more than file_size, ${fileSize}`);
    if (BigInt(now.length) < fileSize) {
      this.#pending.set(path, now);
      return undefined;
    }
    this.#pending.delete(path);
    return now;
  }
}
