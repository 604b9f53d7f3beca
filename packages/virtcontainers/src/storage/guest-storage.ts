import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StorageSchema } from "@virtcontainers/agent-protocol";
import { VirtError } from "../errors.ts";
import type { GuestAddress } from "../store/guest-address.ts";

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
  return { ...diskSource(address), fstype, options, mountPoint };
}

/** A disk's address in the words of the agent's contract. */
function diskSource(address: GuestAddress): { driver: string; source: string } {
  switch (address.kind) {
    case "pci":
      return { driver: "blk", source: address.path };
    case "scsi":
      return { driver: "scsi", source: address.address };
    case "ccw":
      return { driver: "blk-ccw", source: address.device };
    case "mmio":
      return { driver: "mmioblk", source: `/dev/${address.node}` };
  }
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
