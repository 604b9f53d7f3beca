import { createRequire } from "node:module";
import { endianness } from "node:os";
import { VirtError } from "../errors.ts";
import { errnoError } from "./errno.ts";

/** The system calls that Node.js has no function for. Each throws an error with a `code` such as EBUSY. */
export interface Libc {
  flock(fd: number, operation: number): void;
  /** The identity of a process as a file descriptor, readable when it is gone; Linux 5.3. */
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** Read end and write end. */
  pipe(): [number, number];
  /** Makes `target` another name of the file behind `fd`. */
  duplicate(fd: number, target: number): void;
  umount2(target: string, flags: number): void;
  /** A detached copy of the mount at `fd`; Linux 5.2. */
  openTree(fd: number, flags: number): number;
  /** Attaches a detached mount on the file or folder at `target`; Linux 5.2. */
  moveMount(tree: number, target: number, flags: number): void;
  /** Linux 5.12. */
  mountSetattr(tree: number, flags: number, attributes: { set: number; propagation: number }): void;
  /** A listening stream socket bound to `path`, at most 107 bytes. */
  listenUnix(path: string, backlog: number): number;
}

/** Numbers that are the same on every architecture with the generic or the x86-64 table. */
const number = {
  pidfdSendSignal: 424,
  openTree: 428,
  moveMount: 429,
  pidfdOpen: 434,
  mountSetattr: 442,
} as const;

const oCloexec = 0o2000000;
const afUnix = 1;
const sockStreamCloexec = 1 | oCloexec;

type Call = (...args: unknown[]) => number;

/** Loads the bindings once, when first asked: that takes some 10 ms. */
export function createLibc(): () => Libc {
  let loaded: Libc | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

function load(): Libc {
  const bind = binder();
  const flock = bind("flock", "int flock(int fd, int operation)");
  const pipe2 = bind("pipe2", "int pipe2(_Out_ int *fds, int flags)");
  const dup3 = bind("dup3", "int dup3(int fd, int target, int flags)");
  const umount2 = bind("umount2", "int umount2(const char *target, int flags)");
  const socket = bind("socket", "int socket(int domain, int type, int protocol)");
  const bindTo = bind("bind", "int bind(int fd, const uint8_t *address, int length)");
  const listen = bind("listen", "int listen(int fd, int backlog)");
  const close = bind("close", "int close(int fd)");
  const pidfdOpen = bind("pidfd_open", "long syscall(long number, int pid, uint flags)");
  const pidfdSendSignal = bind(
    "pidfd_send_signal",
    "long syscall(long number, int pidfd, int signal, void *info, uint flags)",
  );
  const openTree = bind(
    "open_tree",
    "long syscall(long number, int fd, const char *path, uint flags)",
  );
  const moveMount = bind(
    "move_mount",
    "long syscall(long number, int from, const char *fromPath, int to, const char *toPath, uint flags)",
  );
  const mountSetattr = bind(
    "mount_setattr",
    "long syscall(long number, int fd, const char *path, uint flags, const uint8_t *attributes, size_t size)",
  );
  const emptyPath = 0x1000;

  return {
    flock: (fd, operation) => void flock(fd, operation),
    pidfdOpen: (pid) => pidfdOpen(number.pidfdOpen, pid, 0),
    pidfdSendSignal: (pidfd, signal) =>
      void pidfdSendSignal(number.pidfdSendSignal, pidfd, signal, null, 0),
    pipe: () => {
      const fds: [number, number] = [-1, -1];
      pipe2(fds, oCloexec);
      return fds;
    },
    duplicate: (fd, target) => void dup3(fd, target, oCloexec),
    umount2: (target, flags) => void umount2(target, flags),
    openTree: (fd, flags) => openTree(number.openTree, fd, "", emptyPath | flags),
    moveMount: (tree, target, flags) =>
      void moveMount(number.moveMount, tree, "", target, "", flags),
    mountSetattr: (tree, flags, { set, propagation }) => {
      const attributes = new BigUint64Array([BigInt(set), 0n, BigInt(propagation), 0n]);
      const bytes = new Uint8Array(attributes.buffer);
      mountSetattr(number.mountSetattr, tree, "", emptyPath | flags, bytes, bytes.length);
    },
    listenUnix: (path, backlog) => {
      const address = unixAddress(path);
      const fd = socket(afUnix, sockStreamCloexec, 0);
      try {
        bindTo(fd, address, address.length);
        listen(fd, backlog);
        return fd;
      } catch (error) {
        close(fd);
        throw error;
      }
    },
  };
}

/** sockaddr_un; unix(7). */
function unixAddress(path: string): Uint8Array {
  const name = Buffer.from(`${path}\0`);
  const family = Buffer.alloc(2);
  if (endianness() === "LE") family.writeUInt16LE(afUnix);
  else family.writeUInt16BE(afUnix);
  return Buffer.concat([family, name]);
}

/** Makes functions that throw errno as an error. */
function binder(): (syscall: string, prototype: string) => Call {
  let koffi: typeof import("koffi");
  try {
    koffi = createRequire(import.meta.url)("koffi");
  } catch (cause) {
    throw new VirtError(
      "HOST_REQUIREMENT",
      "the native part of the package koffi can't be loaded",
      {
        cause,
        hint: "Reinstall the npm packages on this machine; koffi brings a build for each platform.",
      },
    );
  }
  const library = koffi.load(null);
  return (syscall, prototype) => {
    const call: (...args: unknown[]) => unknown = library.func(prototype);
    return (...args) => {
      const result = call(...args);
      if (typeof result !== "number" || result < 0) throw errnoError(koffi.errno(), syscall);
      return result;
    };
  };
}
