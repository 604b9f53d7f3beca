import type { FileHandle } from "node:fs/promises";
import type { Duplex, Readable } from "node:stream";
import type { ProcessIdentity } from "./process-identity.ts";
import type { UserIds } from "./user-ids.ts";

/**
 * The only way from this library to the operating system. One real implementation (`real.ts`) and one
 * for tests that can fail or stop at any call (`faulty.ts`).
 */
export interface Host {
  readonly processes: Processes;
  readonly mounts: Mounts;
  readonly locks: Locks;
  readonly sockets: Sockets;
  readonly cgroups: Cgroups;
  readonly network: Network;
  readonly pci: Pci;
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

/** A variable of the environment, of a random value, that a process was started with. */
export interface ProcessMark {
  name: string;
  value: string;
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
  /** The context of SELinux that it runs in. */
  seLinuxLabel?: string | undefined;
  /** A write that would make a file larger than this fails with EFBIG; default: no limit. With one, what it makes is 0600. */
  maxFileBytes?: number;
  /** The network namespace that it runs in, by the path that it is bound on; default: this process's. */
  networkNamespace?: string | undefined;
  /** It has a network namespace of its own with nothing in it, not even a loopback that is up. Needs root. */
  withoutNetwork?: boolean | undefined;
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
      /** The network namespace that it runs in, by its path; default: this process's. */
      networkNamespace?: string | undefined;
      /** Told at once when it has been started; it leads a process group. */
      onStart?: (process: ProcessIdentity) => void;
    },
  ): Promise<RunResult>;
  /** The identity of a living process, or undefined. */
  identify(pid: number): Promise<ProcessIdentity | undefined>;
  isAlive(process: ProcessIdentity): Promise<boolean>;
  /** undefined if it is gone. */
  usage(process: ProcessIdentity): Promise<ProcessUsage | undefined>;
  /** Sends a signal only if it is still the same process; false if it is gone. */
  signal(process: ProcessIdentity, signal: NodeJS.Signals | 0): Promise<boolean>;
  /**
   * Kills a process with the group that it leads. If it is gone, what is left of its group is killed, as far as it
   * has the `mark`; nothing left is no error.
   */
  killGroup(leader: ProcessIdentity, mark?: ProcessMark): Promise<void>;
  /** Raises the limit that `maxFileBytes` set, if it is lower; a process that is gone is no error. */
  raiseMaxFileBytes(process: ProcessIdentity, bytes: number): Promise<void>;
  /** Lowers it, if it is higher; files that are larger stay so. */
  lowerMaxFileBytes(process: ProcessIdentity, bytes: number): Promise<void>;
  /** Resolves when the process is gone; works for processes that this one did not start. */
  waitGone(process: ProcessIdentity, signal?: AbortSignal): Promise<void>;
  /**
   * The processes of these users (default: of all) that have `marker` as one whole argument, in the first 64 KiB of their command
   * line.
   */
  findByArgument(marker: string, isOurs?: (uid: number) => boolean): Promise<ProcessIdentity[]>;
  /** The processes with a variable in their environment, as far as this user may know it. */
  findByVariable(mark: ProcessMark, isOurs?: (uid: number) => boolean): Promise<ProcessIdentity[]>;
  /** Absolute path of an executable, looked up in PATH and the usual system folders; undefined if there is none. */
  which(name: string): Promise<string | undefined>;
}

export interface Mounts {
  /**
   * Binds a folder or file; never follows a symlink in the last component of `target`. With `recursive`,
   * what is mounted below `source` comes along. A `source` given by its path has no symlink on its way: one that
   * was put there meanwhile is refused. The caller keeps and closes one that it has pinned.
   */
  bind(
    source: string | FileHandle,
    target: string,
    options?: {
      readonly?: boolean;
      propagation?: "private" | "shared" | "slave";
      recursive?: boolean;
    },
  ): Promise<void>;
  /** An empty file system in memory, 0700, that takes no more than `bytes`; never follows a symlink as `target`. */
  tmpfs(target: string, bytes: number): Promise<void>;
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
   * Checks after taking it that the path still names the locked file. HOST_REQUIREMENT where others could put one
   * in its place, BUSY when `timeoutMs` (default: no
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
  listen(path: string, owner?: UserIds): Promise<number>;
  /**
   * A port of this host, for a child to inherit; one of TCP listens already. The address is its 4 or 16 bytes. Errors are
   * those of bind(2), as `portFault` reads them.
   */
  bindPort(port: BoundPort): Promise<OpenDescriptor>;
  /** Waits until a unix socket exists and takes connections, woken by inotify; then as connect. */
  connectWhenReady(path: string, signal: AbortSignal): Promise<Duplex>;
  /** As connectWhenReady, over a connection that open files can be sent along with. */
  connectPassing(path: string, signal: AbortSignal): Promise<PassingSocket>;
  /** As connectWhenReady, but the connection is for a child to inherit. The caller closes it. */
  connectInheritable(path: string, signal: AbortSignal): Promise<OpenDescriptor>;
  /** An address for a guest that no other guest has. HOST_REQUIREMENT without /dev/vhost-vsock; BUSY if none is free. */
  reserveCid(): Promise<GuestCid>;
  /** Waits until a guest listens on a port of vsock. */
  connectVsock(address: { cid: number; port: number }, signal: AbortSignal): Promise<Duplex>;
}

/** Devices of the PCI bus, each by its address, such as 0000:00:1f.6. */
export interface Pci {
  /** HOST_REQUIREMENT unless this host can give devices to VMs (VFIO). */
  assertVfio(): Promise<void>;
  /** What serves a device on this host; undefined: nothing. */
  driverOf(address: string): Promise<string | undefined>;
  /** The file by which a VMM has a device, and all that can't be told from it. HOST_REQUIREMENT if there is none. */
  groupFile(address: string): Promise<string>;
  /** Takes a device from its driver, for a VM. HOST_FAILED. */
  lend(address: string): Promise<void>;
  /** Makes a device again what it was. One that is gone is no error. */
  giveBack(address: string, driver: string | undefined): Promise<void>;
}

export interface BoundPort {
  protocol: "tcp" | "udp";
  address: Uint8Array;
  port: number;
}

/** A descriptor that this process only hands on, and closes once it has. */
export interface OpenDescriptor {
  fd: number;
  close(): Promise<void>;
}

/** A connection to another process over which it can be handed open files. */
export interface PassingSocket {
  readonly stream: Duplex;
  /** Sends bytes with a descriptor that the other process gets a copy of. Nothing else may be under way. */
  send(bytes: Uint8Array, fd: number): void;
}

/** The guest's address for vsock: its own as long as the descriptor is open, here or in the VMM that inherits it. */
export interface GuestCid {
  cid: number;
  fd: number;
  close(): Promise<void>;
}

/** What a cgroup may use at most; what is left out stays as it is. */
export interface CgroupLimits {
  /** CPUs' worth of time; may be a fraction. */
  cpus?: number | undefined;
  memoryBytes?: number | undefined;
  /** Processes and threads. */
  pids?: number | undefined;
  /** The host's CPUs that its threads may run on, such as `0-2,5`. */
  cpuset?: string | undefined;
  /** The host's memory nodes. */
  mems?: string | undefined;
}

/** What a cgroup has used and uses; 0 where there is no limit or the host does not count. */
export interface CgroupUsage {
  userNs: number;
  systemNs: number;
  totalNs: number;
  periods: number;
  throttledPeriods: number;
  throttledNs: number;
  memoryBytes: number;
  memoryMaxBytes: number;
  memoryLimitBytes: number;
  pids: number;
  pidsLimit: number;
}

/**
 * Cgroups by their path, the same in each tree that the host has: version 1, version 2, or both. They throw
 * HOST_REQUIREMENT where the host has none or this user may not.
 */
export interface Cgroups {
  /** True if threads of one process can be in different cgroups: the CPU controller is of version 1. */
  canSplitThreads(): Promise<boolean>;
  exists(path: string): Promise<boolean>;
  /** Makes it, and what is missing above it. */
  create(path: string): Promise<void>;
  limit(path: string, limits: CgroupLimits): Promise<void>;
  /** Moves a process with all its threads into it. */
  placeProcess(path: string, pid: number): Promise<void>;
  /** Moves single threads, as far as CPU time and CPUs go. */
  placeThreads(path: string, threads: readonly number[]): Promise<void>;
  usage(path: string): Promise<CgroupUsage>;
  /** Moves what runs in it to the one above and removes it; one that is not there is no error. */
  remove(path: string): Promise<void>;
}

/** Which namespace it is, whatever its path: numbers of stat(2), in decimal. */
export interface NamespaceIdentity {
  dev: string;
  ino: string;
}

/** An executable and its arguments, and the network namespace that it is started in, by its path. */
export interface Command {
  path: string;
  args: readonly string[];
  networkNamespace?: string | undefined;
}

/** Listens to what changes in a network namespace, until it is disposed of. */
export interface NamespaceWatch extends Disposable {
  /** It ended by itself: nothing more will be heard. */
  readonly ended: boolean;
  /** Settles when links, addresses or routes have changed since it last did, and at its end. */
  change(): Promise<void>;
}

/** Network namespaces, named by the path of a file that they are bound on, and what is made in them. */
export interface Network {
  /**
   * Makes a namespace with nothing but a loopback that is down, and binds it on a new file at `path`, whose folder
   * only its owner may write to. HOST_REQUIREMENT if this user may not.
   */
  makeNamespace(path: string): Promise<NamespaceIdentity>;
  /** Takes it off its path and removes the file; it ends with the last process in it. Not there is no error. */
  removeNamespace(path: string): Promise<void>;
  /** INVALID_ARGUMENT of `field` if the path leads to no network namespace, or to this process's own. */
  identifyNamespace(path: string, field?: string): Promise<NamespaceIdentity>;
  /** True if the path still leads to that namespace. */
  isNamespace(namespace: NamespaceIdentity & { path: string }): Promise<boolean>;
  /**
   * True where bridges are made in a namespace of this user's own instead of the host's, whose ports then don't lead
   * to what is made there.
   */
  readonly apart: boolean;
  /** HOST_REQUIREMENT, with what to do, if this user can't have networks. Makes nothing. */
  assertUsable(): Promise<void>;
  /**
   * The command that runs another in a namespace, or (undefined) where bridges are made. HOST_REQUIREMENT if this user
   * may not.
   */
  command(namespace: string | undefined, command: Pick<Command, "path" | "args">): Promise<Command>;
  /** Starts again what holds up the networks of an ordinary user, as far as it has ended; false if all of it is gone. */
  mend(): Promise<boolean>;
  /** Ends what holds up the networks of an ordinary user, if no namespace is in them any more. */
  leave(): Promise<void>;
  /** Runs a tool, given by its name, in a namespace, or (undefined) where bridges are made; as `processes.run`. HOST_REQUIREMENT without it. */
  run(
    namespace: string | undefined,
    tool: string,
    args: readonly string[],
    options?: { input?: string; signal?: AbortSignal; timeoutMs?: number },
  ): Promise<RunResult>;
  /** Listens to changes of links, addresses and routes in a namespace; of what happens once this has settled nothing is missed. */
  watch(namespace: string, signal: AbortSignal): Promise<NamespaceWatch>;
  /**
   * Makes a tap in a namespace and opens `queues` pairs of its queues; it is gone with the last descriptor. A name
   * that is taken is HOST_FAILED. `existing`: it is one that another program has made, and is there afterwards.
   */
  openTap(
    namespace: string,
    tap: { name: string; queues: number; existing?: boolean },
  ): Promise<OpenDescriptor[]>;
  /** Opens so many pairs of queues of the macvtap with this number in a namespace. */
  openMacvtap(
    namespace: string,
    macvtap: { ifindex: number; queues: number },
  ): Promise<OpenDescriptor[]>;
  /**
   * Takes our filters and limits off a link, in a namespace that may be gone, or its path another's: then there is
   * nothing to do.
   */
  clearLink(namespace: NamespaceIdentity & { path: string }, ifindex: number): Promise<void>;
  /** Opens /dev/vhost-net so many times; none where this host has no such device. */
  openVhost(count: number): Promise<OpenDescriptor[]>;
}
