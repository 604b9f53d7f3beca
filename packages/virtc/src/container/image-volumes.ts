import { posix } from "node:path";
import type { Image, Mount } from "virtcontainers";
import { anonymousName } from "../args/mounts/anonymous.ts";
import { UsageError } from "../errors/usage.ts";

/** What becomes of the `VOLUME`s of an image; the words are podman's. */
export const imageVolumeChoices = ["bind", "tmpfs", "ignore"] as const;
export type ImageVolumes = (typeof imageVolumeChoices)[number];

/** The image is not to be trusted, and each of them is a folder on the host. */
const most = 64;

/**
 * The mounts for the `VOLUME`s of an image, where nothing else is mounted: volumes without a name, as in docker, or
 * memory. An image of more than 64 is refused.
 */
export function imageVolumes(
  image: Image | undefined,
  mounts: readonly Mount[],
  how: ImageVolumes,
): Mount[] {
  if (image === undefined || how === "ignore") return [];
  const taken = new Set(mounts.map(({ destination }) => posix.resolve("/", destination)));
  const paths = new Set(image.config.volumes.map((path) => posix.resolve("/", path)));
  const free = [...paths].filter((path) => !taken.has(path));
  if (free.length > most)
    throw new UsageError(
      `the image asks for ${free.length} volumes; at most ${most} are made`,
      "Leave them in the container's root: --image-volume ignore.",
    );
  return free.map((destination) =>
    how === "tmpfs"
      ? { type: "tmpfs", destination }
      : { type: "volume", source: anonymousName(), destination },
  );
}
