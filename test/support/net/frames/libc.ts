/** What Node.js has no way to, of the C library. */
import koffi from "koffi";

const library = koffi.load(null);
const wouldBlock = 11;

/** A function of the C library, which throws by the number of its error; nothing where it would have to wait. */
function bound(prototype: string): (...args: unknown[]) => number | undefined {
  const call = library.func(prototype);
  return (...args) => {
    const result: unknown = call(...args);
    if (typeof result === "number" && result >= 0) return result;
    if (koffi.errno() === wouldBlock) return undefined;
    throw new Error(`${prototype}: error ${koffi.errno()}`);
  };
}

const openFile = bound("int open(const char *path, int flags)");
const control = bound("int ioctl(int fd, unsigned long request, uint8_t *argument)");
const receiveMessage = bound("int64_t recvmsg(int fd, uint8_t *message, int flags)");
const makeSocket = bound("int socket(int domain, int type, int protocol)");
const bindSocket = bound("int bind(int fd, uint8_t *address, int length)");
const listenAt = bound("int listen(int fd, int backlog)");
const acceptFrom = bound("int accept(int fd, void *address, void *length)");
const readInto = bound("int64_t read(int fd, uint8_t *bytes, size_t count)");
const writeFrom = bound("int64_t write(int fd, const uint8_t *bytes, size_t count)");
const mapMemory = library.func(
  "void *mmap(void *at, size_t length, int protection, int flags, int fd, int64_t offset)",
);

const most = 65_550;

/** The next frame or number; nothing if there is none. */
export function readFrom(fd: number): Buffer | undefined {
  const bytes = Buffer.alloc(most);
  const length = readInto(fd, bytes, bytes.length);
  return length === undefined ? undefined : bytes.subarray(0, length);
}

export function writeTo(fd: number, bytes: Uint8Array): void {
  writeFrom(fd, bytes, bytes.length);
}

/** Without offloads, so that the checksums of what is read are complete. */
export function openTap(name: string): number {
  const [readWrite, nonBlocking, setInterface, tapWithoutHeader] = [2, 0o4000, 0x400454ca, 0x1002];
  const tap = openFile("/dev/net/tun", readWrite | nonBlocking) ?? -1;
  const request = Buffer.alloc(40);
  request.write(name);
  request.writeUInt16LE(tapWithoutHeader, 16);
  control(tap, setInterface, request);
  return tap;
}

/** A socket that others connect to at the path. */
export function listen(path: string): number {
  const [unix, stream] = [1, 1];
  const listener = makeSocket(unix, stream, 0) ?? -1;
  const address = Buffer.alloc(110);
  address.writeUInt16LE(unix);
  address.write(path, 2);
  bindSocket(listener, address, address.length);
  listenAt(listener, 1);
  return listener;
}

export function accept(listener: number): number {
  return acceptFrom(listener, null, null) ?? -1;
}

/** Memory at a place of its own, by which the C library can be told of it. */
function allocated(length: number): { bytes: Buffer; address: bigint } {
  const place: unknown = koffi.alloc("uint8_t", length);
  return { bytes: Buffer.from(koffi.view(place, length)), address: koffi.address(place) };
}

const [received, parts, ancillary] = [allocated(1024), allocated(16), allocated(128)];

/** So many bytes of a message, and the descriptors that come along; at its end none; nothing if there is nothing yet. */
export function receive(
  fd: number,
  count: number,
  { wait = false } = {},
): { bytes: Buffer; fds: number[] } | undefined {
  const [waitForAll, doNotWait] = [0x100, 0x40];
  const header = Buffer.alloc(56);
  parts.bytes.writeBigUInt64LE(received.address);
  parts.bytes.writeBigUInt64LE(BigInt(count), 8);
  header.writeBigUInt64LE(parts.address, 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(ancillary.address, 32);
  header.writeBigUInt64LE(BigInt(ancillary.bytes.length), 40);
  const got = receiveMessage(fd, header, wait ? waitForAll : doNotWait);
  if (got === undefined) return undefined;
  const fds: number[] = [];
  const [head, end] = [16, Number(header.readBigUInt64LE(40))];
  const length = end === 0 ? 0 : Number(ancillary.bytes.readBigUInt64LE());
  for (let at = head; at < length; at += 4) fds.push(ancillary.bytes.readInt32LE(at));
  return { bytes: Buffer.from(received.bytes.subarray(0, got)), fds };
}

/** A file of memory that somebody else shares. */
export function mapped(fd: number, length: number): Buffer {
  const [readWrite, shared] = [3, 1];
  const place: unknown = mapMemory(null, length, readWrite, shared, fd, 0);
  return Buffer.from(koffi.view(place, length));
}

/** What is watched ends with its handle, which nothing else may keep. */
const watched = new Set<{ close(): void }>();

/** Calls whenever there is something to read, until the returned function is called. */
export function whenReadable(fd: number, act: () => void): () => void {
  const handle = koffi.node.poll(fd, { readable: true }, act);
  watched.add(handle);
  return () => {
    watched.delete(handle);
    handle.close();
  };
}
