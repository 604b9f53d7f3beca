import { lstatSync } from "node:fs";
import { readdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { isVirtError, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host, Lock } from "../host/host.ts";
import { removeTree } from "../host/remove-tree.ts";
import { assertTrusted, makeTrustedFolder } from "../host/trusted.ts";
import { TrustedFolder } from "../host/trusted-folder.ts";
import { readIfThere, sweepWrites, writeAtomic } from "./files.ts";
import { removeFolder, stageFolder, sweepFolders } from "./folders.ts";
import { assertUnchanged } from "./generation.ts";
import { Hold } from "./hold.ts";
import { LedgerFile } from "./ledger-file.ts";
import { SandboxFolder } from "./sandbox-folder.ts";
import { StoredSandbox, stateVersion } from "./schema.ts";
import { userName } from "./user.ts";

const OtherVersion = v.object({
  version: v.pipe(v.number(), v.integer(), v.notValue(stateVersion)),
});

/** No write of a file takes as long. */
const writeMs = 3_600_000;

/** How long an operation waits for another process that holds the sandbox, unless it has its own deadline. */
const lockTimeoutMs = 120_000;

/** The sandboxes of one user on disk, and the locks between processes. */
export class Store {
  readonly #host: Host;
  readonly #hold: Hold | undefined;
  readonly stateDir: string;

  constructor(host: Host, stateDir: string, hold?: Hold) {
    this.#host = host;
    this.#hold = hold;
    this.stateDir = stateDir;
  }

  /** This store for an operation that holds a sandbox: it changes nothing once the hold is given up. */
  under(hold: Hold): Store {
    return new Store(this.#host, this.stateDir, hold);
  }

  /** The journal of what has happened. */
  get eventsFolder(): string {
    return join(this.stateDir, "events");
  }

  /** The folder of all sandboxes' folders. */
  get #all(): string {
    return join(this.stateDir, "sbs");
  }

  /** By which what a sandbox uses together with others knows it. */
  userName(id: string): string {
    return userName(id, this.stateDir);
  }

  /** The phases of the last create. */
  get trace(): string {
    return join(this.stateDir, "trace.json");
  }

  folder(id: string): SandboxFolder {
    return new SandboxFolder(this.stateDir, id);
  }

  /**
   * Makes the folder of a new sandbox and holds it: it has its lock before it has its name. ALREADY_EXISTS if the
   * id is in use.
   */
  async create(id: string, signal?: AbortSignal): Promise<Hold> {
    const { path } = this.folder(id);
    makeTrustedFolder(this.#all, 0o711);
    this.#host.failpoint("store.create.before");
    // One that comes meanwhile is found by the renaming.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw inUse(id);
    const staged = await stageFolder(this.#host, this.stateDir, id, signal);
    try {
      this.#host.failpoint("store.create.made");
      await rename(staged.path, path);
      return new Hold(id, staged.lock);
    } catch (error) {
      // What is left of it, since others look into it, is swept later.
      await removeTree(staged.path).catch(() => {});
      staged.lock.release();
      if (isErrno(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) throw inUse(id);
      throw hostError(error, `making the folder ${path}`);
    }
  }

  /** Removes the folder of a sandbox that holds nothing any more; the caller holds it. The id is free at once. */
  async remove(id: string): Promise<void> {
    const work = (): Promise<void> => removeFolder(this.#host, this.stateDir, this.folder(id).path);
    await (this.#hold === undefined ? work() : this.#hold.change(work));
  }

  /** Removes, and gives, folders that killed processes left on their way to becoming a sandbox or from having been one. */
  async sweep(only: string | undefined, dryRun: boolean): Promise<string[]> {
    return await sweepFolders(this.#host, this.stateDir, only, dryRun);
  }

  /** Holds an existing sandbox. SANDBOX_NOT_FOUND, BUSY, TIMEOUT, CANCELED. */
  async lock(id: string, mode: "shared" | "exclusive", signal?: AbortSignal): Promise<Hold> {
    const options = { timeoutMs: lockTimeoutMs, ...(signal && { signal }) };
    const lock = await this.#host.locks.acquire(this.folder(id).lock, mode, options);
    if (lock === undefined) throw notFound(id);
    return new Hold(id, lock);
  }

  /** Holds a sandbox whole or not; undefined if nothing of it is there. */
  async lockLeftover(id: string, signal?: AbortSignal): Promise<Hold | undefined> {
    const lock = await this.#acquire(id, { timeoutMs: lockTimeoutMs, ...(signal && { signal }) });
    return lock && new Hold(id, lock);
  }

  /** Holds a sandbox as lockLeftover, but does not wait: undefined also if somebody else holds it at this moment. */
  async lockIdle(id: string): Promise<Hold | undefined> {
    try {
      const lock = await this.#acquire(id, { timeoutMs: 0 });
      return lock && new Hold(id, lock);
    } catch (error) {
      if (isVirtError(error, "BUSY")) return undefined;
      throw error;
    }
  }

  async #acquire(
    id: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Lock | undefined> {
    const path = this.folder(id).lock;
    try {
      return await this.#host.locks.acquire(path, "exclusive", { create: true, ...options });
    } catch (error) {
      if (error instanceof VirtError && isErrno(error.cause, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Holds a sandbox together with other readers, unless somebody changes it or it is not there. */
  async lockIfFree(id: string): Promise<Hold | undefined> {
    try {
      const lock = await this.#host.locks.acquire(this.folder(id).lock, "shared");
      return lock && new Hold(id, lock);
    } catch (error) {
      if (isVirtError(error, "BUSY")) return undefined;
      throw error;
    }
  }

  ledger(id: string): LedgerFile {
    return new LedgerFile(this.#host, this.folder(id).ledger, this.#hold);
  }

  /** SANDBOX_NOT_FOUND, STATE_INVALID. */
  async read(id: string): Promise<StoredSandbox> {
    const sandbox = await this.readIfThere(id);
    if (sandbox === undefined) throw notFound(id);
    return sandbox;
  }

  /** Undefined if there is none, or one that is being removed. STATE_INVALID. */
  async readIfThere(id: string): Promise<StoredSandbox | undefined> {
    const sandbox = await this.readLeftover(id);
    return sandbox?.deleting === true ? undefined : sandbox;
  }

  /** Reads a state also of a sandbox that is being removed, or was when its remover was killed. STATE_INVALID. */
  async readLeftover(id: string): Promise<StoredSandbox | undefined> {
    const text = await readIfThere(this.folder(id).state);
    return text === undefined ? undefined : this.#parse(id, text);
  }

  /**
   * Reads many states one after another, each as readIfThere: what leads to them all is made sure of once, and
   * nobody is waited for, so that the caller has to give others their turns.
   */
  reader(): (id: string) => StoredSandbox | undefined {
    const folder = TrustedFolder.at(this.#all);
    return (id) => {
      const text = folder?.read(id, basename(this.folder(id).state));
      const sandbox = text === undefined ? undefined : this.#parse(id, text);
      return sandbox?.deleting === true ? undefined : sandbox;
    };
  }

  #parse(id: string, text: string): StoredSandbox {
    let data: unknown;
    try {
      data = JSON.parse(text);
      const sandbox = v.parse(StoredSandbox, data);
      // Whose paths would follow from another id.
      if (sandbox.id !== id)
        throw new RangeError(`the id ${JSON.stringify(sandbox.id)} is another`);
      return sandbox;
    } catch (cause) {
      const other = v.safeParse(OtherVersion, data);
      const what = other.success
        ? `of version ${other.output.version}, and this release knows ${stateVersion} only`
        : "damaged";
      throw new VirtError("STATE_INVALID", `${this.folder(id).state} is ${what}`, {
        cause,
        sandboxId: id,
        hint: `${other.success ? "Use the release that wrote it, or remove" : "Remove"} the sandbox by force: virtc rm -f ${id}`,
      });
    }
  }

  /** Replaces the state. BUSY if it is no longer the one that was read, or the sandbox is no longer held. */
  async write(sandbox: StoredSandbox): Promise<void> {
    const write = (): Promise<void> => this.#write(sandbox);
    await (this.#hold === undefined ? write() : this.#hold.change(write));
  }

  async #write(sandbox: StoredSandbox): Promise<void> {
    this.#host.failpoint("store.write.before");
    const path = this.folder(sandbox.id).state;
    await assertUnchanged(path, sandbox);
    const next = { ...sandbox, generation: sandbox.generation + 1 };
    const staged = (): void => this.#host.failpoint("store.write.staged");
    await writeAtomic(path, JSON.stringify(next), staged);
    sandbox.generation = next.generation;
    this.#host.failpoint("store.write.after");
  }

  /** Removes, and gives, what writers left that were killed; the caller holds the sandbox alone. */
  async sweepWrites(id: string, dryRun: boolean): Promise<string[]> {
    return await sweepWrites(this.folder(id).path, { dryRun });
  }

  /** As sweepWrites, of the state folder itself, where others may be writing at this moment: only what is old. */
  async sweepOwnWrites(dryRun: boolean): Promise<string[]> {
    return await sweepWrites(this.stateDir, { dryRun, olderThanMs: writeMs });
  }

  /** The ids of all sandboxes, leftovers included. */
  async ids(): Promise<string[]> {
    const folder = this.#all;
    if (!assertTrusted(folder)) return [];
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      if (isErrno(error, "ENOENT")) return [];
      throw hostError(error, "listing the sandboxes");
    }
  }
}

export function notFound(id: string): VirtError {
  return new VirtError("SANDBOX_NOT_FOUND", `there is no sandbox ${id}`, {
    sandboxId: id,
    hint: "List them with `virtc ps -a` or listSandbox().",
  });
}

function inUse(id: string): VirtError {
  return new VirtError("ALREADY_EXISTS", `a sandbox ${id} exists already`, {
    sandboxId: id,
    hint: "Choose another id, or delete that sandbox first.",
  });
}
