import { constants } from "node:os";
import { afUnix, descriptorMessage, familyOf, unixAddress } from "./addresses.ts";
import { binder } from "./binder.ts";
import { errnoError, isErrno } from "./errno.ts";
import { interfaceRequest } from "./interface-request.ts";

/** The system calls that Node.js has no function for. Each throws an error with a `code` such as EBUSY. */
export interface Libc {
  flock(fd: number, operation: number): void;
  /** The identity of a process as a file descriptor, readable when it is gone; Linux 5.3. */
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** A copy of a descriptor of another process, which this one may trace; Linux 5.6. */
  takeDescriptor(pid: number, fd: number): number;
  /** Read end and write end. */
  pipe(): [number, number];
  /** Makes `target` another name of the file behind `fd`. */
  duplicate(fd: number, target: number): void;
  mount(source: string, target: string, type: string, flags: number, options: string): void;
  umount2(target: string, flags: number): void;
  /** A detached copy of the mount at `fd`; Linux 5.2. */
  openTree(fd: number, flags: number): number;
  /** Attaches a detached mount on the file or folder at `target`; Linux 5.2. */
  moveMount(tree: number, target: number, flags: number): void;
  /** Linux 5.12. */
  mountSetattr(tree: number, flags: number, attributes: { set: number; propagation: number }): void;
  /** A listening stream socket bound to `path`, at most 107 bytes. */
  listenUnix(path: string, backlog: number): number;
  /** A socket of IP on an address, which listens if it is of TCP; one of IPv6 is not of IPv4 as well. */
  bindPort(address: Uint8Array, protocol: "tcp" | "udp", backlog: number): number;
  /** A unix stream socket that is neither bound nor connected. */
  unixSocket(): number;
  /** A stream socket that begins to connect and does not wait; its family is the address's. */
  beginConnect(address: Uint8Array): number;
  /** Readable as soon as `fd` can be written, or has failed. The other descriptor may be closed after it. */
  watchWritable(fd: number): number;
  /** Sends bytes over a unix socket with a descriptor that the receiver gets as one of its own. */
  sendDescriptor(socket: number, bytes: Uint8Array, fd: number): void;
  /** What went wrong on a socket since it was last asked: an errno, or 0. */
  socketError(fd: number): number;
  /** Gives the guest of an open /dev/vhost-vsock its address. */
  setGuestCid(fd: number, cid: number): void;
  /** Puts the calling thread, and no other of this process, into new namespaces. */
  unshare(flags: number): void;
  /** Puts the calling thread into the namespace behind `fd`, which must be of the type. */
  setns(fd: number, type: number): void;
  /** The type of a namespace: the flag of clone(2) that makes one. */
  namespaceType(fd: number): number;
  /** A file system of a type that is mounted nowhere, and gone with the descriptor; Linux 5.2. */
  detachedMount(type: string): number;
  /** mknod(2). */
  makeDevice(path: string, mode: number, major: number, minor: number): void;
  /** Makes an open /dev/net/tun one pair of queues of the interface `name`. */
  setTunInterface(fd: number, name: string, flags: number): void;
}

/** Numbers that are the same on every architecture with the generic or the x86-64 table. */
const number = {
  pidfdSendSignal: 424,
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  pidfdOpen: 434,
  pidfdGetfd: 438,
  mountSetattr: 442,
} as const;

const oCloexec = 0o2000000;
const oNonblock = 0o4000;
const sockStreamCloexec = 1 | oCloexec;
const sockDatagramCloexec = 2 | oCloexec;
/** SOL_SOCKET and SO_ERROR. */
const socketErrorOption = [1, 4] as const;
/** SOL_SOCKET and SO_REUSEADDR, IPPROTO_IPV6 and IPV6_V6ONLY. */
const reuseAddress = [1, 2] as const;
const onlyIpv6 = [41, 26] as const;
const sockaddrIn6Bytes = 28;
const epollAdd = 1;
const epollOut = 4;
/** _IOW(0xAF, 0x60, __u64); linux/vhost.h. */
const vhostVsockSetGuestCid = 0x4008_af60;

/** _IO(0xb7, 0x3); linux/nsfs.h. */
const nsGetNstype = 0xb703;
/** _IOW('T', 202, int); linux/if_tun.h. */
const tunSetIff = 0x4004_54ca;

/** FSOPEN_CLOEXEC and FSMOUNT_CLOEXEC, and FSCONFIG_CMD_CREATE; linux/mount.h. */
const cloexec = 1;
const createCommand = 6;

const msgNoSignal = 0x4000;

/** Loads the bindings once, when first asked: that takes some 10 ms. */
export function createLibc(): () => Libc {
  let loaded: Libc | undefined;
  return () => {
    loaded ??= load();
    return loaded;
  };
}

function load(): Libc {
  const { bind, bindSendmsg } = binder();
  const flock = bind("flock", "int flock(int fd, int operation)");
  const pipe2 = bind("pipe2", "int pipe2(_Out_ int *fds, int flags)");
  const dup3 = bind("dup3", "int dup3(int fd, int target, int flags)");
  const mount = bind(
    "mount",
    "int mount(const char *source, const char *target, const char *type, ulong flags, const char *options)",
  );
  const umount2 = bind("umount2", "int umount2(const char *target, int flags)");
  const socket = bind("socket", "int socket(int domain, int type, int protocol)");
  const bindTo = bind("bind", "int bind(int fd, const uint8_t *address, int length)");
  const listen = bind("listen", "int listen(int fd, int backlog)");
  const close = bind("close", "int close(int fd)");
  const connect = bind("connect", "int connect(int fd, const uint8_t *address, int length)");
  const epollCreate = bind("epoll_create1", "int epoll_create1(int flags)");
  const epollCtl = bind("epoll_ctl", "int epoll_ctl(int epoll, int op, int fd, const uint8_t *ev)");
  const getsockopt = bind(
    "getsockopt",
    "int getsockopt(int fd, int level, int name, _Out_ int *value, _Inout_ uint *length)",
  );
  const setsockopt = bind(
    "setsockopt",
    "int setsockopt(int fd, int level, int name, const uint8_t *value, uint length)",
  );
  const sendmsg = bindSendmsg();
  const ioctl = bind("ioctl", "int ioctl(int fd, ulong request, const uint8_t *value)");
  const mknod = bind("mknod", "int mknod(const char *path, uint mode, ulong device)");
  const fsopen = bind("fsopen", "long syscall(long number, const char *type, uint flags)");
  const fsconfig = bind(
    "fsconfig",
    "long syscall(long number, int fd, uint command, const char *key, const char *value, int aux)",
  );
  const fsmount = bind("fsmount", "long syscall(long number, int fd, uint flags, uint attributes)");
  const unshare = bind("unshare", "int unshare(int flags)");
  const setns = bind("setns", "int setns(int fd, int type)");
  const pidfdOpen = bind("pidfd_open", "long syscall(long number, int pid, uint flags)");
  const pidfdSendSignal = bind(
    "pidfd_send_signal",
    "long syscall(long number, int pidfd, int signal, void *info, uint flags)",
  );
  const pidfdGetfd = bind(
    "pidfd_getfd",
    "long syscall(long number, int pidfd, int fd, uint flags)",
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
  const turnOn = (fd: number, [level, name]: readonly [number, number]): void =>
    void setsockopt(fd, level, name, new Uint8Array(new Uint32Array([1]).buffer), 4);

  return {
    flock: (fd, operation) => void flock(fd, operation),
    pidfdOpen: (pid) => pidfdOpen(number.pidfdOpen, pid, 0),
    pidfdSendSignal: (pidfd, signal) =>
      void pidfdSendSignal(number.pidfdSendSignal, pidfd, signal, null, 0),
    takeDescriptor: (pid, fd) => {
      const pidfd = pidfdOpen(number.pidfdOpen, pid, 0);
      try {
        return pidfdGetfd(number.pidfdGetfd, pidfd, fd, 0);
      } finally {
        close(pidfd);
      }
    },
    pipe: () => {
      const fds: [number, number] = [-1, -1];
      pipe2(fds, oCloexec);
      return fds;
    },
    duplicate: (fd, target) => void dup3(fd, target, oCloexec),
    mount: (source, target, type, flags, options) =>
      void mount(source, target, type, flags, options),
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
    bindPort: (address, protocol, backlog) => {
      const type = protocol === "tcp" ? sockStreamCloexec : sockDatagramCloexec;
      const fd = socket(familyOf(address), type, 0);
      try {
        if (address.length === sockaddrIn6Bytes) turnOn(fd, onlyIpv6);
        if (protocol === "tcp") turnOn(fd, reuseAddress);
        bindTo(fd, address, address.length);
        if (protocol === "tcp") listen(fd, backlog);
        return fd;
      } catch (error) {
        close(fd);
        throw error;
      }
    },
    unixSocket: () => socket(afUnix, sockStreamCloexec, 0),
    beginConnect: (address) => {
      const fd = socket(familyOf(address), sockStreamCloexec | oNonblock, 0);
      try {
        connect(fd, address, address.length);
      } catch (error) {
        if (isErrno(error, "EINPROGRESS")) return fd;
        close(fd);
        throw error;
      }
      return fd;
    },
    watchWritable: (fd) => {
      const epoll = epollCreate(oCloexec);
      // struct epoll_event, whose events come first, with or without padding.
      const events = new Uint8Array(new Uint32Array([epollOut, 0, 0, 0]).buffer);
      try {
        epollCtl(epoll, epollAdd, fd, events);
        return epoll;
      } catch (error) {
        close(epoll);
        throw error;
      }
    },
    sendDescriptor: (socketFd, bytes, fd) => {
      const control = descriptorMessage(fd);
      const message = {
        name: null,
        nameLength: 0,
        parts: [{ base: bytes, length: bytes.length }],
        partCount: 1,
        control,
        controlLength: control.length,
        flags: 0,
      };
      const sent = sendmsg(socketFd, message, msgNoSignal);
      if (sent !== bytes.length) throw errnoError(constants.errno.EMSGSIZE, "sendmsg");
    },
    socketError: (fd) => {
      const value = [0];
      getsockopt(fd, ...socketErrorOption, value, [4]);
      return value[0] ?? 0;
    },
    setGuestCid: (fd, cid) => {
      const value = new Uint8Array(new BigUint64Array([BigInt(cid)]).buffer);
      ioctl(fd, vhostVsockSetGuestCid, value);
    },
    unshare: (flags) => void unshare(flags),
    setns: (fd, type) => void setns(fd, type),
    namespaceType: (fd) => ioctl(fd, nsGetNstype, null),
    detachedMount: (type) => {
      const context = fsopen(number.fsopen, type, cloexec);
      try {
        fsconfig(number.fsconfig, context, createCommand, null, null, 0);
        return fsmount(number.fsmount, context, cloexec, 0);
      } finally {
        close(context);
      }
    },
    makeDevice: (path, mode, major, minor) =>
      void mknod(path, mode, ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12)),
    setTunInterface: (fd, name, flags) => void ioctl(fd, tunSetIff, interfaceRequest(name, flags)),
  };
}
