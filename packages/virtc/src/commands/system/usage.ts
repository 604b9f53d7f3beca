import type { Library } from "../../library.ts";
import { diskBytes } from "./disk-bytes.ts";

/** What a kind of things takes of this host's disks. */
export interface Usage {
  type: "Images" | "Containers" | "Local Volumes";
  total: number;
  /** So many are used: by a container, or running. */
  active: number;
  sizeBytes: number;
  /** What would be free without those that are not used. */
  reclaimableBytes: number;
}

interface Thing {
  bytes: number;
  used: boolean;
}

/** Images, containers and volumes. */
export async function diskUsage(library: Library, signal: AbortSignal): Promise<Usage[]> {
  const [images, sandboxes, volumes] = await Promise.all([
    library.images.list({ signal }),
    library.listSandbox({ signal }),
    library.volumes.list({ signal }),
  ]);
  const containers = sandboxes.flatMap((sandbox) => sandbox.containersStatus);
  const digests = new Set(containers.map(({ imageDigest }) => imageDigest));
  const paths = [
    ...containers.flatMap(({ scratchPath }) => scratchPath ?? []),
    ...volumes.map(({ path }) => path),
  ];
  const counted = await diskBytes(paths, signal);
  const bytesAt = (path: string | undefined): number => counted.get(path ?? "") ?? 0;
  return [
    sum(
      "Images",
      images.map(({ digest, sizeBytes }) => ({ bytes: sizeBytes, used: digests.has(digest) })),
    ),
    sum(
      "Containers",
      containers.map(({ state, scratchPath }) => ({
        bytes: bytesAt(scratchPath),
        used: state === "running" || state === "paused",
      })),
    ),
    sum(
      "Local Volumes",
      volumes.map(({ path, usedBy }) => ({ bytes: bytesAt(path), used: usedBy.length > 0 })),
    ),
  ];
}

function sum(type: Usage["type"], things: readonly Thing[]): Usage {
  const bytesOf = (some: readonly Thing[]) => some.reduce((total, { bytes }) => total + bytes, 0);
  const unused = things.filter(({ used }) => !used);
  return {
    type,
    total: things.length,
    active: things.length - unused.length,
    sizeBytes: bytesOf(things),
    reclaimableBytes: bytesOf(unused),
  };
}
