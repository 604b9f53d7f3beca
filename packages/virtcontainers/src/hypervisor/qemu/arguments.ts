import type { GuestAddress } from "../../store/guest-address.ts";
import { kernelCommandLine, usesNvdimm } from "./cmdline.ts";
import type { QemuConfig, QemuSpec } from "./config.ts";
import { deviceArguments } from "./device/arguments.ts";
import { blockdev } from "./device/disk.ts";
import {
  descriptor,
  descriptorArguments,
  duplicated,
  type LaunchFacts,
  reopened,
} from "./launch-facts.ts";
import { bootNodes } from "./machine/boot-nodes.ts";
import { machines } from "./machine/machines.ts";
import {
  hex,
  imagePlace,
  placeDevices,
  rngPlaces,
  rootProperties,
  slot,
} from "./machine/places.ts";
import { virtioDevice } from "./machine/virtio.ts";
import { memoryArguments } from "./memory/arguments.ts";
import { sharesMemory } from "./memory/backend.ts";
import { virtioMemDevice } from "./memory/virtio-mem.ts";
import { option } from "./options.ts";
import { vmFile } from "./vm-files.ts";

/** The arguments of QEMU for a VM: a pure function. */
export function launchArguments(spec: QemuSpec, facts: LaunchFacts): string[] {
  const { config, devices } = spec;
  return [
    ...isolationArguments(spec),
    ...descriptorArguments(spec, facts),
    ...machineArguments(config, facts),
    ...memoryArguments(
      { ...config, imagePath: reopened(descriptor.image, config.imagePath, facts) },
      { share: sharesMemory(config, devices), imageBytes: facts.imageBytes },
    ),
    ...overcommitArguments(config, facts),
    ...bootArguments(spec, facts),
    ...controlArguments(config, facts),
    // Before all devices that it is to serve.
    ...(config.iommu ? ["-device", "intel-iommu,intremap=on,caching-mode=on"] : []),
    ...bridgeArguments(config),
    ...serialArguments(spec, facts),
    ...rngArguments(config),
    ...(config.virtioMem ? virtioMemArguments(config) : []),
    ...controllerArguments(config),
    ...(config.imagePath === undefined || usesNvdimm(config) ? [] : imageArguments(config, facts)),
    ...deviceArguments(spec, facts),
    ...config.hypervisorParams.flatMap(({ key, value }) =>
      value === "" ? [`-${key}`] : [`-${key}`, value],
    ),
  ];
}

/** Where the guest finds what it starts with. */
export function coldAddresses({ config, devices }: QemuSpec): Record<string, GuestAddress> {
  const placed = placeDevices(config, devices);
  const names = bootNodes(config, placed);
  return Object.fromEntries(
    placed.map(({ device, place: { address } }) => {
      const bootNode = names.get(device.id);
      const named = address.kind === "pci" && bootNode !== undefined;
      return [device.id, named ? { ...address, bootNode } : address];
    }),
  );
}

/** No default devices, no configuration of the user, and a filter of system calls. */
function isolationArguments(spec: QemuSpec): string[] {
  return [
    ...["-name", option(`virtc-${spec.sandboxId}`, {}), "-uuid", spec.marker],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    "-sandbox",
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
  ];
}

function machineArguments(config: QemuConfig, facts: LaunchFacts): string[] {
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
    // Without it they are of before virtio 1.0, and serve no shared folder.
    ...(machine.transport === "mmio" ? ["-global", "virtio-mmio.force-legacy=false"] : []),
    ...["-accel", accelerator(config, facts)],
    ...["-cpu", config.cpuFeatures ? `${model},${config.cpuFeatures}` : model],
    "-smp",
    mostCpus > numVCPUs
      ? `cpus=${numVCPUs},maxcpus=${mostCpus},sockets=${mostCpus},cores=1,threads=1`
      : `cpus=${numVCPUs}`,
  ];
}

/** Remapping of interrupts needs an interrupt controller that is not all in the kernel. */
function accelerator({ iommu }: QemuConfig, facts: LaunchFacts): string {
  return iommu && facts.accelerator === "kvm" ? "kvm,kernel-irqchip=split" : facts.accelerator;
}

function overcommitArguments(config: QemuConfig, facts: LaunchFacts): string[] {
  const { mlock, realtime } = config;
  const cpus = realtime && facts.accelerator === "kvm";
  const parts = [...(mlock ? ["mem-lock=on"] : []), ...(cpus ? ["cpu-pm=on"] : [])];
  return parts.length === 0 ? [] : ["-overcommit", parts.join(",")];
}

function bootArguments(spec: QemuSpec, facts: LaunchFacts): string[] {
  const { config, logDisk } = spec;
  const logAddress = logDisk === undefined ? undefined : coldAddresses(spec)[logDisk];
  return [
    ...valued("-bios", reopened(descriptor.firmware, facts.firmware, facts)),
    ...["-kernel", reopened(descriptor.kernel, config.kernelPath, facts)],
    ...valued("-initrd", reopened(descriptor.initrd, config.initrdPath, facts)),
    "-append",
    kernelCommandLine(config, {
      logDisk: logAddress,
      clearPages: runsStaleCode(spec, facts),
      tscKHz: facts.tscKHz,
    }),
  ];
}

/**
 * TCG translates code once, and again when it sees a write to its page: it sees none of another process. So a page
 * that virtiofsd fills would run as what was in it before, unless the guest itself has cleared it in between.
 */
function runsStaleCode({ devices }: QemuSpec, { accelerator }: LaunchFacts): boolean {
  return accelerator === "tcg" && devices.some(({ kind }) => kind === "virtio-fs");
}

function valued(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

/** QMP and the guest's console. */
function controlArguments(config: QemuConfig, facts: LaunchFacts): string[] {
  return [
    ...["-chardev", serverSocket("qmp", vmFile.qmp), "-mon", "chardev=qmp,mode=control"],
    ...["-chardev", appendedFile("console", vmFile.console, facts)],
    ...machines[config.machineType].console,
  ];
}

/** The bridges' own hotplug controller is off: the ACPI one does the work and needs no five seconds. */
function bridgeArguments(config: QemuConfig): string[] {
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

function rngArguments(config: QemuConfig): string[] {
  const source = option("rng-random", { id: "rng0", filename: config.entropySource });
  const { driver, ...common } = virtioDevice(config, "virtio-rng");
  const devices = rngPlaces(config).map((place) =>
    option(driver, { ...place, ...common, rng: "rng0" }),
  );
  return ["-object", source, ...devices.flatMap((device) => ["-device", device])];
}

function virtioMemArguments(config: QemuConfig): string[] {
  const values = { id: virtioMemDevice, memdev: "vmem", "requested-size": 0 };
  return ["-device", rootDevice(config, "virtio-mem", slot.virtioMem, values)];
}

/** The agent's ports and, as the last, its log if that has no disk. Port 0 of a virtio-serial device is a console's. */
function serialArguments({ config, devices, logDisk }: QemuSpec, facts: LaunchFacts): string[] {
  // The device of vsock, over which the agent needs no ports, is the second function in the same slot.
  const vsock = devices.some(({ kind }) => kind === "vsock");
  const pci = machines[config.machineType].transport === "pci";
  const ports = vsock ? 0 : config.agentPorts;
  const serial = {
    id: "serial0",
    max_ports: ports + 3,
    ...(vsock && pci && { multifunction: true }),
  };
  const args = ["-device", rootDevice(config, "virtio-serial", slot.serial, serial)];
  for (let index = 0; index < ports; index++) {
    args.push("-chardev", serverSocket(`agent${index}`, vmFile.agent(index)));
    args.push("-device", serialPort(index + 1, `agent${index}`, `agent.channel.${index}`));
  }
  if (logDisk !== undefined) return args;
  args.push("-chardev", appendedFile("log", vmFile.log, facts));
  args.push("-device", serialPort(ports + 1, "log", "virtc.log.0"));
  return args;
}

/** What disks are behind, and the thread that serves them. */
function controllerArguments(config: QemuConfig): string[] {
  const scsi = config.blockDeviceDriver === "virtio-scsi";
  return [
    ...(config.enableIOThreads ? ["-object", "iothread,id=io0"] : []),
    ...(scsi ? ["-device", rootDevice(config, "virtio-scsi", slot.scsi, { id: "scsi0" })] : []),
  ];
}

/** The root image takes the lowest disk slot, so that it is the guest's /dev/vda. */
function imageArguments(config: QemuConfig, facts: LaunchFacts): string[] {
  const { imagePath: path = "", imageOffset: offset } = config;
  const image = { id: "image", path, format: "raw", readonly: true, offset } as const;
  const node = blockdev(image, duplicated(descriptor.image, path, facts), config);
  return [
    ...["-blockdev", JSON.stringify(node)],
    ...[
      "-device",
      rootDevice(config, "virtio-blk", imagePlace(config), { id: "image0", drive: "image" }),
    ],
  ];
}

function rootDevice(
  config: QemuConfig,
  name: string,
  place: number,
  values: Record<string, string | number | boolean | undefined>,
): string {
  const { driver, ...common } = virtioDevice(config, name);
  return option(driver, { ...rootProperties(config, place), ...common, ...values });
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
function appendedFile(id: string, logfile: string, facts: LaunchFacts): string {
  const path = duplicated(descriptor.sink, "/dev/null", facts);
  return option("file", { id, path, append: true, logfile, logappend: true });
}
