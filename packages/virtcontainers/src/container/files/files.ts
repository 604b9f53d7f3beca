import { Readable } from "node:stream";
import type { CopyCallOptions } from "../../config/copy.ts";
import {
  type FileCallOptions,
  FileCallOptionsSchema,
  type FileContent,
  type FileListOptions,
  FileListOptionsSchema,
  type FileMakeOptions,
  FileMakeOptionsSchema,
  type FileReadOptions,
  FileReadOptionsSchema,
  type FileRemoveOptions,
  FileRemoveOptionsSchema,
  type FileStatOptions,
  FileStatOptionsSchema,
  type FileWatchOptions,
  FileWatchOptionsSchema,
} from "../../config/files.ts";
import { checkedCopy } from "../../transfer/checked-copy.ts";
import type { CopyResult } from "../../transfer/entry.ts";
import { parse } from "../../validate.ts";
import { defaultContainer, type ExecSandbox } from "../exec/sandbox.ts";
import { removePath, renamePath } from "./change.ts";
import type { FileInfo } from "./file-info.ts";
import { defaultMaxEntries, listFolder } from "./list.ts";
import { assertFile, defaultMaxBytes, readPiece, readWhole } from "./read.ts";
import { noFile, plainPath } from "./side.ts";
import { statPath } from "./stat.ts";
import { type FileWatch, watchFiles } from "./watch.ts";
import { makeFolder, writeFile } from "./write.ts";

/** How long a call about files may take that moves what is in them. */
const movingMs = 600_000;

let construct: (sandbox: ExecSandbox) => Files;

/** The files of a sandbox's containers, for a caller. */
export function filesOf(sandbox: ExecSandbox): Files {
  return construct(sandbox);
}

/**
 * The files of a sandbox's containers. Paths are absolute, without `..`, and resolved in the container's root as its own
 * processes would: a link leads nowhere else. NOT_SUPPORTED where the agent of the guest can't.
 */
export class Files {
  static {
    construct = (sandbox) => new Files(sandbox);
  }

  readonly #sandbox: ExecSandbox;

  // Private, so that the types that are published need none of what is inside.
  private constructor(sandbox: ExecSandbox) {
    this.#sandbox = sandbox;
  }

  /** What is in a file. FILE_NOT_FOUND; INVALID_ARGUMENT for what is no file; NO_SPACE where it is longer than `maxBytes`. */
  async read(path: string, options: FileReadOptions = {}): Promise<Buffer> {
    const { container, maxBytes = defaultMaxBytes } = parse(
      FileReadOptionsSchema,
      options,
      "options",
    );
    const how = { name: "files.read", holding: "shared", timeoutMs: movingMs } as const;
    const verb = readWhole(this.#of(container), plainPath(path), maxBytes);
    return await this.#sandbox.run(how, options, verb);
  }

  /** The same as a text of UTF-8. */
  async readText(path: string, options: FileReadOptions = {}): Promise<string> {
    return (await this.read(path, options)).toString("utf8");
  }

  /** What is in a file of any length, as it is read; the sandbox is free meanwhile. Errors as of `read`. */
  readStream(path: string, options: FileCallOptions = {}): ReadableStream<Uint8Array> {
    return Readable.toWeb(Readable.from(this.#pieces(path, options))) as ReadableStream<Uint8Array>;
  }

  /**
   * Writes a file: until it is whole, what was there stays. Folders that are missing on the way are made; a file or link
   * that is there is replaced. ALREADY_EXISTS for anything else; NO_SPACE.
   */
  async write(path: string, data: FileContent, options: FileMakeOptions = {}): Promise<void> {
    const { container, made } = this.#made(options, 0o644);
    const how = { name: "files.write", holding: "shared", timeoutMs: movingMs } as const;
    const verb = writeFile(this.#of(container), plainPath(path), data, made);
    await this.#sandbox.run(how, options, verb);
  }

  /** What is in a folder, by name; names that are no UTF-8 are left out. FILE_NOT_FOUND, INVALID_ARGUMENT, NO_SPACE. */
  async list(path: string, options: FileListOptions = {}): Promise<FileInfo[]> {
    const checked = parse(FileListOptionsSchema, options, "options");
    const { container, recursive = false, maxEntries = defaultMaxEntries } = checked;
    const how = { name: "files.list", holding: "shared", timeoutMs: movingMs } as const;
    const verb = listFolder(this.#of(container), plainPath(path), { recursive, maxEntries });
    return await this.#sandbox.run(how, options, verb);
  }

  /** What stands at a path. FILE_NOT_FOUND. */
  async stat(path: string, options: FileStatOptions = {}): Promise<FileInfo> {
    const found = await this.#find(path, options);
    if (found !== undefined) return found;
    const containerId = this.#of(options.container);
    throw noFile({ sandboxId: this.#sandbox.id, containerId }, path);
  }

  /** Whether there is something at a path; a link that leads to nothing is nothing. */
  async exists(path: string, options: FileCallOptions = {}): Promise<boolean> {
    parse(FileCallOptionsSchema, options, "options");
    return (await this.#find(path, options)) !== undefined;
  }

  /** Makes a folder, with those above it that are missing; one that is there stays as it is. ALREADY_EXISTS for what is none. */
  async mkdir(path: string, options: FileMakeOptions = {}): Promise<void> {
    const { container, made } = this.#made(options, 0o755);
    const how = { name: "files.mkdir", holding: "shared" } as const;
    await this.#sandbox.run(how, options, makeFolder(this.#of(container), plainPath(path), made));
  }

  /** Takes away a file, a link, or a folder. FILE_NOT_FOUND; INVALID_ARGUMENT for a folder that is not empty, without `recursive`. */
  async remove(path: string, options: FileRemoveOptions = {}): Promise<void> {
    const checked = parse(FileRemoveOptionsSchema, options, "options");
    const { container, recursive = false, force = false } = checked;
    const how = { name: "files.remove", holding: "shared", timeoutMs: movingMs } as const;
    const verb = removePath(this.#of(container), plainPath(path), { recursive, force });
    await this.#sandbox.run(how, options, verb);
  }

  /** Gives it another path, in one step; a file or link that is there is replaced. FILE_NOT_FOUND, ALREADY_EXISTS. */
  async rename(from: string, to: string, options: FileCallOptions = {}): Promise<void> {
    const { container } = parse(FileCallOptionsSchema, options, "options");
    const how = { name: "files.rename", holding: "shared" } as const;
    const [old, path] = [plainPath(from, "from"), plainPath(to, "to")];
    await this.#sandbox.run(how, options, renamePath(this.#of(container), old, path));
  }

  /**
   * Tells what changes at a path: a file, or what is in a folder. It begins with the call, ends with the sandbox or when what
   * is watched is gone, and holds no more than some thousand changes: where some were lost stands an `overflow`. What the
   * host changes in a folder that it shares is not told. FILE_NOT_FOUND; NOT_SUPPORTED. No deadline unless one is given.
   */
  watch(path: string, options: FileWatchOptions = {}): FileWatch {
    const checked = parse(FileWatchOptionsSchema, options, "options");
    const { container, recursive = false } = checked;
    const place = { containerId: this.#of(container), path: plainPath(path), recursive };
    return watchFiles(this.#sandbox, place, options);
  }

  /** Copies a file or folder of the host in, as Sandbox.copyTo. */
  async upload(
    hostPath: string,
    path: string,
    options: CopyCallOptions & FileCallOptions = {},
  ): Promise<CopyResult> {
    const { container, ...copy } = options;
    const how = checkedCopy(copy, { hostPath, path });
    const id = this.#of(parse(FileCallOptionsSchema, { container }, "options").container);
    const verb = { name: "files.upload", holding: "shared", timeoutMs: movingMs } as const;
    const { copyTo } = await import("../verbs/copy.ts");
    return await this.#sandbox.run(verb, copy, (held) => copyTo(held, id, hostPath, path, how));
  }

  /** Copies a file or folder out to the host, as Sandbox.copyFrom. */
  async download(
    path: string,
    hostPath: string,
    options: CopyCallOptions & FileCallOptions = {},
  ): Promise<CopyResult> {
    const { container, ...copy } = options;
    const how = checkedCopy(copy, { path, hostPath });
    const id = this.#of(parse(FileCallOptionsSchema, { container }, "options").container);
    const verb = { name: "files.download", holding: "shared", timeoutMs: movingMs } as const;
    const { copyFrom } = await import("../verbs/copy.ts");
    return await this.#sandbox.run(verb, copy, (held) => copyFrom(held, id, path, hostPath, how));
  }

  async *#pieces(path: string, options: FileCallOptions): AsyncGenerator<Uint8Array> {
    const { container } = parse(FileCallOptionsSchema, options, "options");
    const [id, plain] = [this.#of(container), plainPath(path)];
    const how = { name: "files.readStream", holding: "moment" } as const;
    await this.#sandbox.run(how, options, assertFile(id, plain));
    for (let offset = 0; ; ) {
      const piece = await this.#sandbox.run(how, options, readPiece(id, plain, offset));
      if (piece.length === 0) return;
      offset += piece.length;
      yield piece;
    }
  }

  async #find(path: string, options: FileStatOptions): Promise<FileInfo | undefined> {
    const { container, followLinks = true } = parse(FileStatOptionsSchema, options, "options");
    const how = { name: "files.stat", holding: "shared" } as const;
    const verb = statPath(this.#of(container), plainPath(path), followLinks);
    return await this.#sandbox.run(how, options, verb);
  }

  #made(options: FileMakeOptions, usual: number) {
    const checked = parse(FileMakeOptionsSchema, options, "options");
    const { container, mode = usual, uid = 0, gid = 0 } = checked;
    return { container, made: { mode, uid, gid } };
  }

  #of(container: string | undefined): string {
    return container ?? defaultContainer(this.#sandbox);
  }
}
