import { relative } from "node:path";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { SharedFolder, VmSpec } from "../hypervisor.ts";
import { kernelCommandLine, usesNvdimm } from "./cmdline.ts";
import { blockdev, driveDevice, virtioProperties } from "./drive.ts";
import { machines } from "./machines.ts";
import { memoryArguments } from "./memory.ts";
import { option } from "./options.ts";
import { coldSlot, hex, rngPlaces, slot } from "./slots.ts";
import { virtioMemDevice } from "./virtio-mem.ts";

/** What the host decides about a launch, beside the specification. */
export interface LaunchFacts {
  accelerator: "kvm" | "tcg";
  /** A firmware file, or the name of one that QEMU brings; undefined: QEMU's default. */
  firmware: string | undefined;
  /** Size of the root image; needed only where it is an nvdimm. */
  imageBytes: number;
  /** Where the agent is reached over vsock: the guest's address, and the descriptor that holds it. */
  vsock?: { cid: number; fd: number | undefined } | undefined;
}

/** Files in the sandbox's VM folder. QEMU's working folder is there, so their paths are short. */
export const vmFile = {
  console: "console.log",
  log: "log.bin",
  output: "qemu.log",
  qmp: "qmp.sock",
  qmpLock: "qmp.lock",
  agent: (index: number) => `agent.${index}.sock`,
} as const;

/** The arguments of QEMU for a VM: a pure function. */
export function launchArguments(spec: VmSpec, facts: LaunchFacts): string[] {
  const { config } = spec;
  return [
    ...isolationArguments(spec),
    ...machineArguments(config, facts),
    ...memoryArguments(config, {
      share: spec.share?.kind === "virtio-fs",
      imageBytes: facts.imageBytes,
    }),
    ...overcommitArguments(config, facts),
    ...bootArguments(config, facts),
    ...controlArguments(config),
    // Before all devices that it is to serve.
    ...(config.iommu ? ["-device", "intel-iommu,intremap=on,caching-mode=on"] : []),
    ...bridgeArguments(config),
    ...serialArguments(config, facts),
    ...rngArguments(config),
    ...(config.virtioMem ? virtioMemArguments(config) : []),
    ...driveArguments(spec),
    ...(spec.share === undefined ? [] : shareArguments(config, spec.share, spec.folder)),
    ...config.hypervisorParams.flatMap(({ key, value }) =>
      value === "" ? [`-${key}`] : [`-${key}`, value],
    ),
  ];
}

/** No default devices, no configuration of the user, and a filter of system calls. */
function isolationArguments(spec: VmSpec): string[] {
  return [
    ...["-name", option(`virtc-${spec.sandboxId}`, {}), "-uuid", spec.marker],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
  ];
}

function machineArguments(config: ResolvedHypervisorConfig, facts: LaunchFacts): string[] {
  const { numVCPUs } = config;
  const machine = machines[config.machineType];
  const mostCpus = machine.growable ? config.defaultMaxVCPUs : numVCPUs;
  const extra = [
    machine.options,
    ...(usesNvdimm(config) && config.imagePath !== undefined ? ["nvdimm=on"] : []),
    "memory-backend=mem",
    ...(config.machineAccelerators ? [config.machineAccelerators] : []),
  ].filter((part) => part !== "");
  const model = facts.accelerator === "kvm" ? "host" : "max";
  return [
    ...["-machine", `${config.machineType},${extra.join(",")}`],
    ...["-accel", accelerator(config, facts)],
    ...["-cpu", config.cpuFeatures ? `${model},${config.cpuFeatures}` : model],
    "-smp",
    mostCpus > numVCPUs
      ? `cpus=${numVCPUs},maxcpus=${mostCpus},sockets=${mostCpus},cores=1,threads=1`
      : `cpus=${numVCPUs}`,
  ];
}

/** Remapping of interrupts needs an interrupt controller that is not all in the kernel. */
function accelerator({ iommu }: ResolvedHypervisorConfig, facts: LaunchFacts): string {
  return iommu && facts.accelerator === "kvm" ? "kvm,kernel-irqchip=split" : facts.accelerator;
}

function overcommitArguments(config: ResolvedHypervisorConfig, facts: LaunchFacts): string[] {
  const { mlock, realtime } = config;
  const cpus = realtime && facts.accelerator === "kvm";
  const parts = [...(mlock ? ["mem-lock=on"] : []), ...(cpus ? ["cpu-pm=on"] : [])];
  return parts.length === 0 ? [] : ["-overcommit", parts.join(",")];
}

function bootArguments(config: ResolvedHypervisorConfig, facts: LaunchFacts): string[] {
  return [
    ...(facts.firmware === undefined ? [] : ["-bios", facts.firmware]),
    ...["-kernel", config.kernelPath],
    ...(config.initrdPath === undefined ? [] : ["-initrd", config.initrdPath]),
    ...["-append", kernelCommandLine(config)],
  ];
}

/** QMP and the guest's console. */
function controlArguments(config: ResolvedHypervisorConfig): string[] {
  return [
    ...["-chardev", serverSocket("qmp", vmFile.qmp), "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", appendedFile("console", vmFile.console)],
    ...machines[config.machineType].console,
  ];
}

/** The bridges' own hotplug controller is off: the ACPI one does the work and needs no five seconds. */
function bridgeArguments(config: ResolvedHypervisorConfig): string[] {
  const { bridges, rootPorts, rootBus } = machines[config.machineType];
  const args: string[] = [];
  for (let index = 0; bridges && index < config.defaultBridges; index++) {
    const addr = hex(slot.firstBridge + index);
    const place = { id: `br${index}`, bus: rootBus, addr, chassis_nr: index + 1, shpc: false };
    args.push("-device", option("pci-bridge", place));
  }
  for (let index = 0; rootPorts && index < config.pcieRootPorts; index++) {
    const addr = hex(slot.firstRootPort + index);
    const chassis = index + 64;
    args.push(
      "-device",
      option("pcie-root-port", { id: `rp${index}`, bus: rootBus, addr, chassis }),
    );
  }
  return args;
}

function rngArguments(config: ResolvedHypervisorConfig): string[] {
  const source = option("rng-random", { id: "rng0", filename: config.entropySource });
  const devices = rngPlaces(config).map((place) =>
    option("virtio-rng-pci", { ...place, ...virtioProperties(config), rng: "rng0" }),
  );
  return ["-object", source, ...devices.flatMap((device) => ["-device", device])];
}

function virtioMemArguments(config: ResolvedHypervisorConfig): string[] {
  const values = { id: virtioMemDevice, memdev: "vmem", "requested-size": 0 };
  return ["-device", pci(config, "virtio-mem-pci", slot.virtioMem, values)];
}

/**
 * The agent's ports and, as the last, its log. Port 0 of a virtio-serial device is a console's. Over vsock the
 * log alone is left, and the device of vsock is the second function in the same slot.
 */
function serialArguments(config: ResolvedHypervisorConfig, { vsock }: LaunchFacts): string[] {
  const ports = vsock === undefined ? config.agentPorts : 0;
  const serial = { id: "serial0", max_ports: ports + 3, ...(vsock && { multifunction: true }) };
  const args = ["-device", pci(config, "virtio-serial-pci", slot.serial, serial)];
  if (vsock !== undefined) {
    const { cid, fd: vhostfd } = vsock;
    args.push("-device", pci(config, "vhost-vsock-pci", slot.vsock, { "guest-cid": cid, vhostfd }));
  }
  for (let index = 0; index < ports; index++) {
    args.push("-chardev", serverSocket(`agent${index}`, vmFile.agent(index)));
    args.push("-device", serialPort(index + 1, `agent${index}`, `agent.channel.${index}`));
  }
  args.push("-chardev", appendedFile("log", vmFile.log));
  args.push("-device", serialPort(ports + 1, "log", "virtc.log.0"));
  return args;
}

function driveArguments(spec: VmSpec): string[] {
  const { config, drives } = spec;
  const args: string[] = [];
  if (config.enableIOThreads) args.push("-object", "iothread,id=io0");
  if (config.blockDeviceDriver === "virtio-scsi") {
    args.push("-device", pci(config, "virtio-scsi-pci", slot.scsi, { id: "scsi0" }));
  }
  if (config.imagePath !== undefined && !usesNvdimm(config)) args.push(...imageArguments(config));
  for (const [index, drive] of drives.entries()) {
    const device = driveDevice(drive, coldSlot(config, index), config);
    args.push("-blockdev", JSON.stringify(blockdev(drive, config)));
    args.push("-device", JSON.stringify(device));
  }
  return args;
}

/** The root image takes the lowest disk slot, so that it is the guest's /dev/vda. */
function imageArguments(config: ResolvedHypervisorConfig): string[] {
  const { imagePath = "", imageOffset } = config;
  const image = { id: "image", path: imagePath, format: "raw", readonly: true } as const;
  return [
    ...["-blockdev", JSON.stringify(blockdev({ ...image, offset: imageOffset }, config))],
    ...["-device", pci(config, "virtio-blk-pci", slot.image, { id: "image0", drive: "image" })],
  ];
}

function shareArguments(
  config: ResolvedHypervisorConfig,
  share: SharedFolder,
  folder: string,
): string[] {
  if (share.kind === "virtio-9p") {
    const { tag, path } = share;
    const source = { id: "share", path, security_model: "none", multidevs: "remap" };
    const device = { fsdev: "share", mount_tag: tag };
    return [
      ...["-fsdev", option("local", source)],
      ...["-device", pci(config, "virtio-9p-pci", slot.share, device)],
    ];
  }
  const path = relative(folder, share.socketPath);
  const window = config.virtioFSCacheSizeMiB;
  return [
    ...["-chardev", option("socket", { id: "share", path })],
    "-device",
    pci(config, "vhost-user-fs-pci", slot.share, {
      chardev: "share",
      tag: share.tag,
      "cache-size": window === 0 ? undefined : `${window}M`,
    }),
  ];
}

/** These have no form of before virtio 1.0, so they do not know the property. */
const modernOnly: ReadonlySet<string> = new Set([
  "vhost-user-fs-pci",
  "vhost-vsock-pci",
  "virtio-mem-pci",
]);

function pci(
  config: ResolvedHypervisorConfig,
  driver: string,
  place: number | string,
  values: Record<string, string | number | boolean | undefined>,
): string {
  const bus = machines[config.machineType].rootBus;
  const addr = typeof place === "number" ? hex(place) : place;
  const { "disable-legacy": modern, ...more } = virtioProperties(config);
  const legacy = modernOnly.has(driver) ? {} : { "disable-legacy": modern };
  return option(driver, { bus, addr, ...legacy, ...more, ...values });
}

function serialPort(nr: number, chardev: string, name: string): string {
  return option("virtserialport", { bus: "serial0.0", nr, chardev, name });
}

function serverSocket(id: string, path: string): string {
  return option("socket", { id, path, server: true, wait: false });
}

/**
 * Bytes that no longer fit are dropped: were the file the device's own, and not its copy, QEMU would try
 * again and again to write them. Appended to, so that others may truncate it.
 */
function appendedFile(id: string, path: string): string {
  return option("file", { id, path: "/dev/null", logfile: path, logappend: true });
}
