import type { Duplex, Readable } from "node:stream";

/**
 * The only way from this library to the operating system. One real implementation (`real.ts`) and one
 * for tests that can fail or stop at any call (`faulty.ts`).
 */
export interface Host {
  readonly processes: Processes;
  readonly mounts: Mounts;
  readonly locks: Locks;
  readonly sockets: Sockets;
  /** Effective user id of this process. */
  readonly uid: number;
  readonly gid: number;
  /** Changes with every boot of the machine (`/proc/sys/kernel/random/boot_id`). */
  bootId(): Promise<string>;
  /**
   * A named point that every step passes before and after it takes something from the host. The real
   * host does nothing here, unless VIRTC_FAILPOINT names the point (then the process kills itself).
   */
  failpoint(name: string): void;
}

/** A process that can't be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks since boot. */
  startTime: string;
}

export interface SpawnOptions {
  /** Absolute path of the executable. */
  path: string;
  args: readonly string[];
  cwd: string;
  env?: Readonly<Record<string, string>>;
  uid?: number;
  gid?: number;
  /** Standard output and error are appended to this file (created 0600). */
  outputPath: string;
  /** Already open file descriptors that the process gets as 3, 4, ... */
  inheritedFds?: readonly number[];
  /** A write that would make a file larger than this fails with EFBIG; default: no limit. */
  maxFileBytes?: number;
}

export interface SpawnedProcess extends ProcessIdentity {
  /** Settles when the process ends; only its parent learns the code. Never rejects. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Lets this process end while the child lives on. */
  unref(): void;
}

export interface RunResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** What a process has used so far, all its threads together. */
export interface ProcessUsage {
  userNs: number;
  systemNs: number;
  /** What of it is in memory now. */
  residentBytes: number;
}

export interface Processes {
  /** Starts a process that outlives this one (own session, no inherited handles). HOST_REQUIREMENT if it can't be executed. */
  spawnDetached(options: SpawnOptions): Promise<SpawnedProcess>;
  /** Runs a tool to its end; output bounded to 1 MiB. An exit code is data; HOST_REQUIREMENT if it can't be executed. */
  run(
    path: string,
    args: readonly string[],
    options?: {
      signal?: AbortSignal;
      timeoutMs?: number;
      input?: string | Readable;
      env?: Readonly<Record<string, string>>;
      /** What the tool finds as its own name; default: `path`. */
      argv0?: string;
    },
  ): Promise<RunResult>;
  /** The identity of a living process, or undefined. */
  identify(pid: number): Promise<ProcessIdentity | undefined>;
  isAlive(process: ProcessIdentity): Promise<boolean>;
  /** undefined if it is gone. */
  usage(process: ProcessIdentity): Promise<ProcessUsage | undefined>;
  /** Sends a signal only if it is still the same process; false if it is gone. */
  signal(process: ProcessIdentity, signal: NodeJS.Signals | 0): Promise<boolean>;
  /** Raises the limit that `maxFileBytes` set, if it is lower; a process that is gone is no error. */
  raiseMaxFileBytes(process: ProcessIdentity, bytes: number): Promise<void>;
  /** Resolves when the process is gone; works for processes that this one did not start. */
  waitGone(process: ProcessIdentity, signal?: AbortSignal): Promise<void>;
  /** All processes that have `marker` as one whole argument of their command line. */
  findByArgument(marker: string): Promise<ProcessIdentity[]>;
  /** Absolute path of an executable, looked up in PATH and the usual system folders; undefined if there is none. */
  which(name: string): Promise<string | undefined>;
}

export interface Mounts {
  /** Binds a folder or file; never follows a symlink in the last component of `target`. */
  bind(
    source: string,
    target: string,
    options?: { readonly?: boolean; propagation?: "private" | "shared" | "slave" },
  ): Promise<void>;
  /** MNT_DETACH | UMOUNT_NOFOLLOW; not mounted is no error. */
  unmount(target: string): Promise<void>;
  /** Mount points at or below a path, deepest first, from /proc/self/mountinfo. */
  listBelow(path: string): Promise<string[]>;
}

export interface Lock extends Disposable {
  /** Releases the lock; more than once is no error. */
  release(): void;
}

export interface Locks {
  /**
   * flock(2) on a file, created 0600 where `create` is set: released by the kernel when its holder dies.
   * Checks after taking it that the path still names the locked file. BUSY when `timeoutMs` (default: no
   * waiting) is over, CANCELED by the signal, undefined if the file is missing and `create` is not set.
   */
  acquire(
    path: string,
    mode: "shared" | "exclusive",
    options?: { create?: boolean; timeoutMs?: number; signal?: AbortSignal },
  ): Promise<Lock | undefined>;
  /** Like acquire, over several files: the first free one. */
  acquireAny(
    paths: readonly string[],
    options?: { timeoutMs?: number; signal?: AbortSignal },
  ): Promise<{ index: number; lock: Lock }>;
}

export interface Sockets {
  /** Connects to a unix socket by any length of path (longer than 107 bytes goes through /proc/self/fd). */
  connect(path: string, options?: { signal?: AbortSignal }): Promise<Duplex>;
  /**
   * A unix socket that listens already, mode 0600 and of the given owner, for a child to inherit
   * (`inheritedFds`): whoever connects to it needs not wait for the child. The caller closes the fd.
   */
  listen(path: string, owner?: { uid: number; gid: number }): Promise<number>;
  /** Waits until a unix socket exists and takes connections, woken by inotify; then as connect. */
  connectWhenReady(path: string, signal: AbortSignal): Promise<Duplex>;
}
