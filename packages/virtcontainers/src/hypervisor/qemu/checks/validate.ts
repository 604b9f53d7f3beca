import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { invalidArgument, VirtError } from "../../../errors.ts";
import type { Host } from "../../../host/host.ts";
import { tscKHz } from "../../../host/tsc.ts";
import { checkFile } from "../../reachable-files.ts";
import { kernelCommandLine } from "../cmdline.ts";
import type { QemuConfig } from "../config.ts";
import { type ResolvedAccelerator, resolveAccelerator } from "../machine/accelerator.ts";
import type { Binaries } from "../machine/binary.ts";
import { machines } from "../machine/machines.ts";
import { maxBridges, maxRootPorts } from "../machine/places.ts";
import { needsTscKHz } from "../machine/tsc.ts";
import { optionValue } from "../options.ts";
import { checkDaxWindow } from "./dax.ts";
import { checkExtras } from "./extras.ts";
import { checkMemory } from "./memory.ts";

const prefix = "hypervisorConfig";
const mebibyte = 1024 * 1024;
/** COMMAND_LINE_SIZE of Linux on x86. */
const maxCommandLine = 2047;
/** Which place the disk for the log gets is not known yet. */
const longestAddress = { kind: "scsi", address: "63:255" } as const;
/** Arguments that would take QEMU out of our hands. */
const refusedParams = ["daemonize", "uuid", "name", "sandbox", "runas", "chroot", "pidfile", "S"];

/** Refuses by name what this driver, its binary or this host can't do. */
export async function validateConfig(
  config: QemuConfig,
  binaries: Binaries,
  host: Host,
  signal: AbortSignal,
): Promise<void> {
  checkSizes(config);
  checkTexts(config);
  await checkFiles(config);
  await checkMemory(config);
  const accelerator = await resolveAccelerator(config);
  await checkMachine(config, accelerator, binaries, signal);
  await checkExtras(config, accelerator.name, host);
  await checkDaxWindow(config, binaries, signal);
}

function checkSizes(config: QemuConfig): void {
  const { maxVCPUs } = machines[config.machineType];
  const hostMiB = Math.floor(totalmem() / mebibyte);
  const hostCpus = availableParallelism();
  range("numVCPUs", config.numVCPUs, 1, Math.min(hostCpus, maxVCPUs), "this host's CPUs");
  range("defaultMaxVCPUs", config.defaultMaxVCPUs, config.numVCPUs, maxVCPUs);
  range("memoryMiB", config.memoryMiB, 64, hostMiB, "this host's memory in MiB");
  const { memoryMiB } = config;
  range(
    "defaultMaxMemoryMiB",
    config.defaultMaxMemoryMiB,
    memoryMiB,
    hostMiB,
    "this host's memory",
  );
  range("memSlots", config.memSlots, 0, 255);
  range("defaultBridges", config.defaultBridges, 0, maxBridges);
  range("pcieRootPorts", config.pcieRootPorts, 0, maxRootPorts);
  range("agentPorts", config.agentPorts, 1, 28);
}

function range(field: string, value: number, min: number, max: number, limit?: string): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  const most = limit === undefined ? `${max}` : `${max} (${limit})`;
  throw invalidArgument(
    `${prefix}.${field}`,
    value,
    `it must be a whole number from ${min} to ${most}`,
  );
}

function checkTexts(config: QemuConfig): void {
  for (const field of ["machineAccelerators", "cpuFeatures"] as const) {
    optionValue(`${prefix}.${field}`, config[field] ?? "");
  }
  for (const { key, value } of config.kernelParams) {
    const allowed = "a kernel parameter has no spaces, quotes or control characters in its key";
    if (!/^[^\s"=\u0000-\u001f\u007f]+$/.test(key))
      throw invalidArgument(`${prefix}.kernelParams`, key, allowed);
    if (/["\u0000-\u001f\u007f]/.test(value)) {
      throw invalidArgument(
        `${prefix}.kernelParams`,
        value,
        "it must have no quotes or control characters",
      );
    }
  }
  const line = kernelCommandLine(config, { logDisk: longestAddress });
  if (Buffer.byteLength(line) > maxCommandLine) {
    const allowed = `the kernel's command line has at most ${maxCommandLine} bytes with the defaults`;
    throw invalidArgument(`${prefix}.kernelParams`, `${line.slice(0, 40)}...`, allowed);
  }
  for (const { key, value } of config.hypervisorParams) {
    if (!/^[a-zA-Z][a-zA-Z0-9-]*$/.test(key) || refusedParams.includes(key)) {
      const allowed = `it is the name of an option of QEMU without its dash, but none of ${refusedParams.join(", ")}`;
      throw invalidArgument(`${prefix}.hypervisorParams`, key, allowed);
    }
    if (value.includes("\u0000"))
      throw invalidArgument(`${prefix}.hypervisorParams`, value, "it must have no NUL");
  }
}

async function checkFiles(config: QemuConfig): Promise<void> {
  await checkFile(`${prefix}.kernelPath`, config.kernelPath);
  for (const field of ["initrdPath", "imagePath", "firmwarePath"] as const) {
    const path = config[field];
    if (path !== undefined) await checkFile(`${prefix}.${field}`, path);
  }
  if (config.imagePath === undefined && config.initrdPath === undefined) {
    throw invalidArgument(`${prefix}.imagePath`, undefined, "a guest needs an image or an initrd");
  }
  if (config.fileBackedMemRootDir !== undefined) {
    const isFolder = await stat(config.fileBackedMemRootDir).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      throw invalidArgument(
        `${prefix}.fileBackedMemRootDir`,
        config.fileBackedMemRootDir,
        "it must be a folder",
      );
    }
  }
  await access(config.entropySource, constants.R_OK).catch(() => {
    throw invalidArgument(`${prefix}.entropySource`, config.entropySource, "it must be readable");
  });
}

async function checkMachine(
  config: QemuConfig,
  accelerator: ResolvedAccelerator,
  binaries: Binaries,
  signal: AbortSignal,
): Promise<void> {
  const { machineType } = config;
  const { arch } = machines[machineType];
  if (process.arch !== arch) {
    throw refusal(machineType, `it runs guests of ${arch}, and this host is ${process.arch}`);
  }
  if (config.virtioMem && !machines[machineType].growable) {
    throw refusal(machineType, "its memory can't grow, as hypervisorConfig.virtioMem asks");
  }
  const path = await binaries.find(config);
  if (needsTscKHz(config, accelerator.name) && (await tscKHz()) === undefined) {
    const why = "without KVM its guest has to be told this host's clock, which can't be read";
    throw refusal(machineType, why);
  }
  // Every x86 build of QEMU has these two, so the common case needs no question.
  if (machineType === "pc" || machineType === "q35") return;
  if (!(await binaries.machineTypes(path, signal)).has(machineType)) {
    throw refusal(machineType, `${path} does not have it`);
  }
}

function refusal(machineType: string, why: string): VirtError {
  return new VirtError("NOT_SUPPORTED", `the machine type ${machineType} can't be used: ${why}`, {
    field: `${prefix}.hypervisorMachineType`,
    hint: "Use q35 or pc.",
  });
}
