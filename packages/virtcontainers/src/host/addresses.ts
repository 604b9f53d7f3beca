import { endianness } from "node:os";

export const afUnix = 1;
const afInet = 2;
const afInet6 = 10;
const afVsock = 40;
const solSocket = 1;
const scmRights = 1;

const write16 = endianness() === "LE" ? "writeUInt16LE" : "writeUInt16BE";
const write32 = endianness() === "LE" ? "writeUInt32LE" : "writeUInt32BE";
const read16 = endianness() === "LE" ? "readUInt16LE" : "readUInt16BE";

/** sockaddr_un; unix(7). */
export function unixAddress(path: string): Buffer {
  const address = Buffer.alloc(2);
  address[write16](afUnix);
  return Buffer.concat([address, Buffer.from(`${path}\0`)]);
}

/** sockaddr_vm; vsock(7): family, two bytes of nothing, port, CID, and four bytes of nothing. */
export function vsockAddress({ cid, port }: { cid: number; port: number }): Buffer {
  const address = Buffer.alloc(16);
  address[write16](afVsock);
  address[write32](port, 4);
  address[write32](cid, 8);
  return address;
}

/** sockaddr_in or sockaddr_in6, of the 4 or 16 bytes of an address; ip(7), ipv6(7). */
export function inetAddress(bytes: Uint8Array, port: number): Buffer {
  const isFour = bytes.length === 4;
  const address = Buffer.alloc(isFour ? 16 : 28);
  address[write16](isFour ? afInet : afInet6);
  address.writeUInt16BE(port, 2);
  address.set(bytes, isFour ? 4 : 8);
  return address;
}

/** struct cmsghdr of SCM_RIGHTS with one descriptor, padded to its alignment; unix(7), 64-bit. */
export function descriptorMessage(fd: number): Buffer {
  const head = 16;
  const message = Buffer.alloc(head + 8);
  message[write32](head + 4);
  for (const [index, value] of [solSocket, scmRights, fd].entries())
    message[write32](value, 8 + 4 * index);
  return message;
}

export function familyOf(address: Uint8Array): number {
  return Buffer.from(address)[read16]();
}
