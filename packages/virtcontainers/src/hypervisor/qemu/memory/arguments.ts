import { usesNvdimm } from "../cmdline.ts";
import type { QemuConfig } from "../config.ts";
import { machines } from "../machine/machines.ts";
import { option } from "../options.ts";
import { memoryBackend } from "./backend.ts";

const mebibyte = 1024 * 1024;

/** The guest's memory, the room for more, and the root image where that is memory too. */
export function memoryArguments(
  config: QemuConfig,
  { share, imageBytes }: { share: boolean; imageBytes: number },
): string[] {
  const nvdimm = usesNvdimm(config) && config.imagePath !== undefined;
  const backend = memoryBackend(config, share);
  const size = `${config.memoryMiB}M`;
  return [
    ...["-m", `size=${size}${room(config, nvdimm ? imageBytes : 0)}`],
    ...["-object", option(backend.type, { id: "mem", size, ...backend.properties })],
    ...(config.virtioMem ? virtioMemBackend(config, share) : []),
    ...(nvdimm ? nvdimmArguments(config, imageBytes) : []),
  ];
}

/** Addresses that memory can be plugged in at later; QEMU wants them named at start. */
function room(config: QemuConfig, imageBytes: number): string {
  const { memoryMiB, defaultMaxMemoryMiB, memOffsetMiB } = config;
  const memSlots = machines[config.machineType].growable ? config.memSlots : 0;
  const slots = memSlots + (imageBytes > 0 ? 1 : 0);
  const growth = memSlots > 0 || config.virtioMem ? defaultMaxMemoryMiB - memoryMiB : 0;
  const image = Math.ceil(imageBytes / mebibyte);
  const extra = growth + image + memOffsetMiB;
  if (extra === 0 || (slots === 0 && !config.virtioMem)) return "";
  return `,slots=${slots},maxmem=${memoryMiB + extra}M`;
}

/** All that the guest may ever get, of which it has nothing at first. */
function virtioMemBackend(config: QemuConfig, share: boolean): string[] {
  const { type, properties } = memoryBackend(config, share);
  const size = `${config.defaultMaxMemoryMiB - config.memoryMiB}M`;
  return ["-object", option(type, { id: "vmem", size, ...properties, reserve: false })];
}

function nvdimmArguments(config: QemuConfig, imageBytes: number): string[] {
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
