import { posix } from "node:path";
import { fileSystemAt } from "../host/mount-type.ts";

/** The folder in a volume's path by which Kubernetes says that it began empty. */
export const k8sEmptyDir = "kubernetes.io~empty-dir";

/** Bytes of a container's /dev/shm. */
export const defaultShmSize = 65_536 * 1024;

const dockerVolumes = "/var/lib/docker/volumes/";

/** True for an empty-dir of Kubernetes that is in memory: a tmpfs is mounted there. */
export async function isEphemeralStorage(path: string): Promise<boolean> {
  return isEmptyDir(path) && (await fileSystemAt(path)) === "tmpfs";
}

/** True for an empty-dir of Kubernetes that is an ordinary folder of the host. */
export async function isk8sHostEmptyDir(path: string): Promise<boolean> {
  return isEmptyDir(path) && (await fileSystemAt(path)) !== "tmpfs";
}

/** True for the folder of a volume of Docker, by its path alone. */
export function isDockerVolume(path: string): boolean {
  const clean = posix.normalize(path);
  return clean.startsWith(dockerVolumes) && posix.basename(clean) === "_data";
}

function isEmptyDir(path: string): boolean {
  return posix.basename(posix.dirname(posix.normalize(path))) === k8sEmptyDir;
}
