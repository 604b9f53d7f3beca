import type { ResolvedHypervisorConfig } from "../config.ts";
import { usesNvdimm } from "./cmdline.ts";
import { option } from "./options.ts";

const mebibyte = 1024 * 1024;

/** The guest's memory, and the root image where that is memory too. */
export function memoryArguments(
  config: ResolvedHypervisorConfig,
  { share, imageBytes }: { share: boolean; imageBytes: number },
): string[] {
  const nvdimm = usesNvdimm(config) && config.imagePath !== undefined;
  const slots = config.memSlots + (nvdimm ? 1 : 0);
  const maxMiB =
    Math.max(config.defaultMaxMemoryMiB, config.memoryMiB) +
    (nvdimm ? Math.ceil(imageBytes / mebibyte) : 0);
  const growth = slots > 0 && maxMiB > config.memoryMiB ? `,slots=${slots},maxmem=${maxMiB}M` : "";
  return [
    ...["-m", `size=${config.memoryMiB}M${growth}`],
    ...["-object", backend(config, share)],
    ...(nvdimm ? nvdimmArguments(config, imageBytes) : []),
  ];
}

/** Memory that virtiofsd is to see must be a file that both map. */
function backend(config: ResolvedHypervisorConfig, share: boolean): string {
  const common = {
    id: "mem",
    size: `${config.memoryMiB}M`,
    ...(config.memPrealloc && { prealloc: true }),
  };
  if (config.hugePages) {
    return option("memory-backend-memfd", { ...common, hugetlb: true, share: true });
  }
  if (config.fileBackedMemRootDir !== undefined) {
    // A folder, not a file: QEMU makes a file there that has no name and so can't be left behind.
    const path = config.fileBackedMemRootDir;
    return option("memory-backend-file", { ...common, "mem-path": path, share: true });
  }
  return share
    ? option("memory-backend-memfd", { ...common, share: true })
    : option("memory-backend-ram", common);
}

function nvdimmArguments(config: ResolvedHypervisorConfig, imageBytes: number): string[] {
  const file = {
    id: "image",
    "mem-path": config.imagePath,
    size: imageBytes,
    share: true,
    readonly: true,
  };
  return [
    ...["-object", option("memory-backend-file", file)],
    ...["-device", option("nvdimm", { id: "image0", memdev: "image", unarmed: true })],
  ];
}
