import { type BigIntStats, closeSync, constants, fstatSync, openSync, statSync } from "node:fs";
import { invalidArgument } from "../../errors.ts";
import { hostError, isErrno } from "../errno.ts";
import type { NamespaceIdentity } from "../host.ts";
import type { Libc } from "../libc.ts";

export const cloneNewnet = 0x4000_0000;

/** Of the calling thread, which is the only one that enters namespaces. */
export const ownNamespace = "/proc/thread-self/ns/net";

const none = "it must be the path of a network namespace, such as /var/run/netns/NAME";

/**
 * INVALID_ARGUMENT if the path leads to no network namespace, or to this process's own. Errors name `path`, which this
 * process may have to look at by another name.
 */
export function identifyNamespace(
  libc: Libc,
  seen: string,
  field: string,
  path = seen,
): NamespaceIdentity {
  const fd = openNamespace(seen, field, path);
  try {
    assertNetworkNamespace(libc, fd, path, field);
    const found = identityOf(fstatSync(fd, { bigint: true }));
    const own = identityOf(statSync(ownNamespace, { bigint: true }));
    if (found.dev !== own.dev || found.ino !== own.ino) return found;
  } finally {
    closeSync(fd);
  }
  throw invalidArgument(field, path, "it must not be the network namespace of the host itself");
}

/** True if the path still leads to that namespace. */
export function isStill(path: string, { dev, ino }: NamespaceIdentity): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && String(found.dev) === dev && String(found.ino) === ino;
}

/** INVALID_ARGUMENT if an open file is no network namespace. */
export function assertNetworkNamespace(
  libc: Libc,
  fd: number,
  path: string,
  field = "namespace",
): void {
  try {
    if (libc.namespaceType(fd) === cloneNewnet) return;
  } catch (error) {
    if (!isErrno(error, "ENOTTY", "EINVAL", "EBADF")) throw hostError(error, `looking at ${path}`);
  }
  throw invalidArgument(field, path, none);
}

function openNamespace(seen: string, field: string, path: string): number {
  try {
    return openSync(seen, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EISDIR", "ENXIO", "ELOOP"))
      throw invalidArgument(field, path, none);
    throw hostError(error, `opening ${path}`);
  }
}

export function identityOf({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): NamespaceIdentity {
  return { dev: String(dev), ino: String(ino) };
}
