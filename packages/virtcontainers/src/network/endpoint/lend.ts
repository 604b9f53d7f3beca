import type { Stats } from "node:fs";
import { realpath } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { hostError, isErrno } from "../../host/errno.ts";
import { pinReal } from "../../host/files.ts";
import { giveOwner } from "../../host/owner.ts";
import { isVmUid } from "../../store/vm-uid.ts";
import type { NetworkWork } from "../work.ts";

type Borrower = Pick<NetworkWork, "ledger" | "user">;

/**
 * Lets the VMM's user connect to a socket, until the VM ends; gives the path without links. HOST_FAILED if there is
 * none, BUSY while another VM has it.
 */
export async function lendSocket(borrower: Borrower, given: string): Promise<string> {
  return await lend(borrower, given, (found) => found.isSocket(), noSocket);
}

/** As lendSocket, of a device file. */
export async function lendDevice(borrower: Borrower, given: string): Promise<string> {
  return await lend(borrower, given, (found) => found.isCharacterDevice(), noDevice);
}

async function lend(
  { ledger, user }: Borrower,
  given: string,
  isOne: (found: Stats) => boolean,
  refused: (path: string) => VirtError,
): Promise<string> {
  const path = await realpath(given).catch((error: unknown) => {
    throw isErrno(error, "ENOENT", "ENOTDIR")
      ? refused(given)
      : hostError(error, `finding ${given}`);
  });
  await using pinned = await pinReal(path);
  const found = await pinned.stat();
  if (!isOne(found)) throw refused(given);
  if (user === undefined || found.uid === user.uid) return path;
  if (isVmUid(found.uid)) {
    throw new VirtError("BUSY", `${given} is another VM's`, {
      hint: "Stop the sandbox that has it, or name a socket of this one's own.",
    });
  }
  const { dev, ino, uid, gid } = found;
  const record = { kind: "lent", path, dev, ino, uid, gid, user: user.uid } as const;
  await ledger.take(record, async () => {
    if (!(await giveOwner({ path, dev, ino, uid }, user))) throw refused(given);
  });
  return path;
}

function noSocket(path: string): VirtError {
  return new VirtError(
    "HOST_FAILED",
    `no process serves a network device at ${path}: it is no socket`,
    {
      hint: "Start the program that makes it before the sandbox.",
    },
  );
}

function noDevice(path: string): VirtError {
  return new VirtError("HOST_FAILED", `${path} is no device that a VM could be given`, {
    hint: "Look which driver has the device: ls -l /sys/bus/pci/devices/ADDRESS/driver.",
  });
}
