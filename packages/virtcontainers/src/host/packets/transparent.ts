import { closeSync } from "node:fs";
import { binder } from "../binder.ts";

const afInet6 = 10;
const sockStreamCloexec = 1 | 0o2000000;
const solSocket = 1;
const soReuseAddr = 2;
const ipprotoIp = 0;
const ipTransparent = 19;
const ipprotoIpv6 = 41;
const ipv6Only = 26;
const ipv6Transparent = 75;
const port = (value: number): [number, number] => [value >> 8, value & 0xff];

/**
 * A TCP socket that listens on all addresses, IPv4 and IPv6, and takes connections to others' too, which tproxy of
 * nftables gives it (ip(7), IP_TRANSPARENT): their local address is the one that the client connected to. Needs
 * CAP_NET_ADMIN. The caller owns the descriptor.
 */
export function listenTransparent(localPort: number, backlog: number): number {
  const { bind: bound } = binder();
  const socket = bound("socket", "int socket(int domain, int type, int protocol)");
  const setsockopt = bound(
    "setsockopt",
    "int setsockopt(int fd, int level, int name, const int *value, uint length)",
  );
  const bind = bound("bind", "int bind(int fd, const uint8_t *address, int length)");
  const listen = bound("listen", "int listen(int fd, int backlog)");
  const fd = socket(afInet6, sockStreamCloexec, 0);
  try {
    const set = (level: number, name: number, value: number): void =>
      void setsockopt(fd, level, name, [value], 4);
    set(solSocket, soReuseAddr, 1);
    set(ipprotoIpv6, ipv6Only, 0);
    set(ipprotoIp, ipTransparent, 1);
    set(ipprotoIpv6, ipv6Transparent, 1);
    // struct sockaddr_in6: the family is in the machine's order, the port in the network's.
    const address = Buffer.alloc(28);
    new Uint16Array(address.buffer, address.byteOffset, 1)[0] = afInet6;
    address.set(port(localPort), 2);
    bind(fd, address, address.length);
    listen(fd, backlog);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
