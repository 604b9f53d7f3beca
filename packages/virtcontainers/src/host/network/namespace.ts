import { constants } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../errno.ts";
import type { NamespaceIdentity } from "../host.ts";
import type { Libc } from "../libc.ts";
import { inNewNamespace } from "./enter.ts";
import { identityOf, ownNamespace } from "./identity.ts";

const msBind = 0x1000;
const mntDetach = 2;
const umountNofollow = 8;
const { O_RDONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

export async function makeNamespace(libc: Libc, path: string): Promise<NamespaceIdentity> {
  try {
    // New, so it is no link that somebody has put there.
    await (await open(path, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)).close();
    inNewNamespace(libc, () => libc.mount(ownNamespace, path, "", msBind, ""));
    return identityOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (!isErrno(error, "EPERM")) throw hostError(error, `making the network namespace ${path}`);
    throw new VirtError("HOST_REQUIREMENT", "making a network namespace is not permitted", {
      cause: error,
      hint: "Run as root with CAP_SYS_ADMIN.",
    });
  }
}

export async function removeNamespace(libc: Libc, path: string): Promise<void> {
  try {
    libc.umount2(path, mntDetach | umountNofollow);
  } catch (error) {
    // EINVAL: nothing is bound there.
    if (!isErrno(error, "EINVAL", "ENOENT", "ENOTDIR"))
      throw hostError(error, `taking the network namespace off ${path}`);
  }
  await rm(path, { force: true });
}
