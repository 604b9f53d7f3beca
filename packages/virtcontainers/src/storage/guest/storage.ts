import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StorageSchema } from "@virtcontainers/agent-protocol";
import { VirtError } from "../../errors.ts";
import type { GuestAddress } from "../../hypervisor/hypervisor.ts";

/** A file system that the agent mounts in the guest, as its contract carries it. */
export type Storage = MessageInitShape<typeof StorageSchema>;

/** A file system on a disk whose place in the guest is known. */
export function diskStorage(
  driveId: string | undefined,
  addresses: Readonly<Record<string, GuestAddress>>,
  fstype: string,
  options: string[],
  mountPoint: string,
): Storage {
  const address = addresses[driveId ?? ""];
  if (address === undefined) {
    throw new VirtError(
      "STATE_INVALID",
      `the address of the disk ${driveId} in the guest is not known`,
    );
  }
  const where =
    address.kind === "pci"
      ? { driver: "blk", source: address.path }
      : { driver: "scsi", source: address.address };
  return { ...where, fstype, options, mountPoint };
}

/** Memory that the containers of a sandbox have in common. */
export function tmpfs(mountPoint: string, options: readonly string[]): Storage {
  return {
    driver: "ephemeral",
    source: "tmpfs",
    fstype: "tmpfs",
    options: ["nosuid", "nodev", ...options],
    mountPoint,
    shared: true,
  };
}
