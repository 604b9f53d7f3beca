import { chmod, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isVirtError, VirtError } from "../errors.ts";
import { hostError, isErrno } from "../host/errno.ts";
import type { Host, Lock } from "../host/host.ts";
import { assertTrusted, makeTrustedFolder } from "../host/trusted.ts";
import { readIfThere, sweepWrites, writeAtomic } from "./files.ts";
import { LedgerFile } from "./ledger-file.ts";
import { StoredSandbox, stateVersion } from "./schema.ts";

const OtherVersion = v.object({
  version: v.pipe(v.number(), v.integer(), v.notValue(stateVersion)),
});

/** No write of a file takes as long. */
const writeMs = 3_600_000;

/** How long an operation waits for another process that holds the sandbox, unless it has its own deadline. */
const lockTimeoutMs = 120_000;

/** The folder of one sandbox and what is where in it. */
export class SandboxFolder {
  readonly path: string;
  readonly id: string;

  constructor(stateDir: string, id: string) {
    this.path = join(stateDir, "sbs", id);
    this.id = id;
  }

  get state(): string {
    return join(this.path, "sandbox.json");
  }
  get lock(): string {
    return join(this.path, "lock");
  }
  get ledger(): string {
    return join(this.path, "ledger");
  }
  /** Belongs to the VMM's user: sockets, console, log. */
  get vm(): string {
    return join(this.path, "vm");
  }
  get log(): string {
    return join(this.vm, "log.bin");
  }
  /** What of its events is in the journal already, and the lock for it. */
  get progress(): string {
    return join(this.path, "events.json");
  }
  get progressLock(): string {
    return join(this.path, "events.lock");
  }
  /** What its guest was last given of the folders it watches by copies, and the lock for it. */
  get copies(): string {
    return join(this.path, "copies.json");
  }
  get copiesLock(): string {
    return join(this.path, "copies.lock");
  }
  /** The phases of its create. */
  get trace(): string {
    return join(this.path, "trace.json");
  }
  /** Where what the guest is to see is mounted; the guest has no way to it. */
  get mounts(): string {
    return join(this.path, "mounts");
  }
  /** A small file system of its own for what the daemon of the share says. */
  get shareLog(): string {
    return join(this.path, "virtiofsd");
  }
  /** The same, read-only, as it is shown to the guest. */
  get shared(): string {
    return join(this.path, "shared");
  }
  port(index: number): string {
    return join(this.path, `port-${index}.lock`);
  }
}

/** The sandboxes of one user on disk, and the locks between processes. */
export class Store {
  readonly #host: Host;
  readonly stateDir: string;

  constructor(host: Host, stateDir: string) {
    this.#host = host;
    this.stateDir = stateDir;
  }

  /** The journal of what has happened. */
  get eventsFolder(): string {
    return join(this.stateDir, "events");
  }

  /** Which disks of the host are used, and by whom. */
  get disksFolder(): string {
    return join(this.stateDir, "disks");
  }

  /** The phases of the last create. */
  get trace(): string {
    return join(this.stateDir, "trace.json");
  }

  folder(id: string): SandboxFolder {
    return new SandboxFolder(this.stateDir, id);
  }

  /** Makes the folder of a new sandbox and holds its lock. ALREADY_EXISTS if the id is in use. */
  async create(id: string, signal?: AbortSignal): Promise<Lock> {
    const folder = this.folder(id);
    makeTrustedFolder(join(this.stateDir, "sbs"), 0o711);
    this.#host.failpoint("store.create.before");
    try {
      await mkdir(folder.path, { mode: 0o711 });
      // Whatever the umask: the VMM's user passes through.
      await chmod(folder.path, 0o711);
    } catch (error) {
      if (isErrno(error, "EEXIST")) throw inUse(id);
      throw hostError(error, `making the folder ${folder.path}`);
    }
    try {
      this.#host.failpoint("store.create.made");
      const options = { create: true, timeoutMs: 0, ...(signal && { signal }) };
      const lock = await this.#host.locks.acquire(folder.lock, "exclusive", options);
      if (lock === undefined) throw inUse(id);
      return lock;
    } catch (error) {
      // Whoever holds the lock has taken the folder for a leftover, and removes it.
      if (!isVirtError(error, "BUSY")) await rm(folder.path, { recursive: true, force: true });
      throw error;
    }
  }

  /** Holds an existing sandbox. SANDBOX_NOT_FOUND, BUSY, TIMEOUT, CANCELED. */
  async lock(id: string, mode: "shared" | "exclusive", signal?: AbortSignal): Promise<Lock> {
    const options = { timeoutMs: lockTimeoutMs, ...(signal && { signal }) };
    const lock = await this.#host.locks.acquire(this.folder(id).lock, mode, options);
    if (lock === undefined) throw notFound(id);
    return lock;
  }

  /** Holds a sandbox, or what is left of one whose creator was killed before it made the lock. */
  async lockLeftover(id: string, signal?: AbortSignal): Promise<Lock | undefined> {
    const options = { create: true, timeoutMs: lockTimeoutMs, ...(signal && { signal }) };
    try {
      return await this.#host.locks.acquire(this.folder(id).lock, "exclusive", options);
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      if (error instanceof VirtError && isErrno(error.cause, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** True if no living process holds the sandbox at this moment. */
  async isUnlocked(id: string): Promise<boolean> {
    try {
      const lock = await this.#host.locks.acquire(this.folder(id).lock, "exclusive");
      lock?.release();
      return true;
    } catch (error) {
      if (error instanceof VirtError && error.code === "BUSY") return false;
      throw error;
    }
  }

  /** Holds a sandbox together with other readers, unless somebody changes it or it is not there. */
  async lockIfFree(id: string): Promise<Lock | undefined> {
    try {
      return await this.#host.locks.acquire(this.folder(id).lock, "shared");
    } catch (error) {
      if (isVirtError(error, "BUSY")) return undefined;
      throw error;
    }
  }

  ledger(id: string): LedgerFile {
    return new LedgerFile(this.#host, this.folder(id).ledger);
  }

  /** SANDBOX_NOT_FOUND, STATE_INVALID. */
  async read(id: string): Promise<StoredSandbox> {
    const sandbox = await this.readIfThere(id);
    if (sandbox === undefined) throw notFound(id);
    return sandbox;
  }

  async readIfThere(id: string): Promise<StoredSandbox | undefined> {
    const path = this.folder(id).state;
    const text = await readIfThere(path);
    if (text === undefined) return undefined;
    let data: unknown;
    try {
      data = JSON.parse(text);
      return v.parse(StoredSandbox, data);
    } catch (cause) {
      const other = v.safeParse(OtherVersion, data);
      const what = other.success
        ? `of version ${other.output.version}, and this release knows ${stateVersion} only`
        : "damaged";
      throw new VirtError("STATE_INVALID", `${path} is ${what}`, {
        cause,
        sandboxId: id,
        hint: `${other.success ? "Use the release that wrote it, or remove" : "Remove"} the sandbox by force: virtc rm -f ${id}`,
      });
    }
  }

  async write(sandbox: StoredSandbox): Promise<void> {
    this.#host.failpoint("store.write.before");
    const staged = (): void => this.#host.failpoint("store.write.staged");
    await writeAtomic(this.folder(sandbox.id).state, JSON.stringify(sandbox), staged);
    this.#host.failpoint("store.write.after");
  }

  /** Removes, and gives, what writers left that were killed; the caller holds the sandbox alone. */
  async sweepWrites(id: string, dryRun: boolean): Promise<string[]> {
    return await sweepWrites(this.folder(id).path, { dryRun });
  }

  /** The same of what is all sandboxes', where others may be writing at this moment. */
  async sweepOwnWrites(dryRun: boolean): Promise<string[]> {
    return await sweepWrites(this.stateDir, { dryRun, olderThanMs: writeMs });
  }

  /** The ids of all sandboxes, leftovers included. */
  async ids(): Promise<string[]> {
    const folder = join(this.stateDir, "sbs");
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
