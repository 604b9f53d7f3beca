import type { HypervisorConfig } from "../../config/hypervisor.ts";
import type { Storage } from "../guest-storage.ts";

/** Bytes of one message; a small one makes 9p slow. */
const defaultMsize = 512_000;

/** How the guest mounts the shared file system over 9p. */
export function storage9p(
  { msize9p = defaultMsize }: Pick<HypervisorConfig, "msize9p">,
  where: Pick<Storage, "source" | "mountPoint">,
): Storage {
  const transport = ["trans=virtio", "version=9p2000.L", `msize=${msize9p}`];
  return { driver: "9p", fstype: "9p", options: ["nodev", "cache=mmap", ...transport], ...where };
}
