import type { Typed } from "../errors/fields.ts";
import type { ContainerOptions } from "./options.ts";

/** What was typed for a container and its VM, for errors to show; mounts are in the order of `parseMounts`. */
export function typedOf(
  container: ContainerOptions,
  sizes: { cpus?: string; memory?: string },
): Typed {
  const { volume, mount, tmpfs, shmSize, scratch } = container;
  return {
    texts: { "--cpus": sizes.cpus, "--memory": sizes.memory, "--scratch": scratch },
    mounts: [
      ...volume.map((text) => `--volume ${text}`),
      ...mount.map((text) => `--mount ${text}`),
      ...tmpfs.map((text) => `--tmpfs ${text}`),
      ...(shmSize === undefined ? [] : [`--shm-size ${shmSize}`]),
    ],
  };
}
