import type { MachineType } from "../config.ts";

/** What differs between QEMU's machine types, as data. */
export interface Machine {
  /** The host architectures (process.arch) whose guests it runs. */
  arch: NodeJS.Architecture;
  binary: string;
  /** How virtio devices are attached: `mmio` has a bus for each, none of which can be plugged into while it runs. */
  transport: "pci" | "mmio";
  /** The bus of the devices that are there from the start; with mmio, what the buses' names begin with. */
  rootBus: string;
  /** Devices to plug into while the VM runs: ports for one device each, or bridges for 31. */
  rootPorts: boolean;
  bridges: boolean;
  nvdimm: boolean;
  /** CPUs and memory can be added while it runs. */
  growable: boolean;
  maxVCPUs: number;
  /** Options of the machine that leave out devices that no container needs. */
  options: string;
  /** The device, or the option, that gives the guest a console. */
  console: readonly [string, string];
  /** The console as the guest's kernel names it. */
  tty: string;
}

const isaSerial = ["-device", "isa-serial,chardev=console"] as const;

export const machines: Readonly<Record<MachineType, Machine>> = {
  pc: {
    arch: "x64",
    binary: "qemu-system-x86_64",
    transport: "pci",
    rootBus: "pci.0",
    rootPorts: false,
    bridges: true,
    nvdimm: true,
    growable: true,
    maxVCPUs: 240,
    options: "usb=off,vmport=off,hpet=off",
    console: isaSerial,
    tty: "ttyS0",
  },
  q35: {
    arch: "x64",
    binary: "qemu-system-x86_64",
    transport: "pci",
    rootBus: "pcie.0",
    rootPorts: true,
    bridges: true,
    nvdimm: true,
    growable: true,
    maxVCPUs: 240,
    options: "usb=off,vmport=off,hpet=off,sata=off,smbus=off,smm=off",
    console: isaSerial,
    tty: "ttyS0",
  },
  microvm: {
    arch: "x64",
    binary: "qemu-system-x86_64",
    transport: "mmio",
    rootBus: "virtio-mmio-bus",
    rootPorts: false,
    bridges: false,
    nvdimm: false,
    growable: false,
    maxVCPUs: 240,
    options: "pcie=off,acpi=on,ioapic2=on,isa-serial=off",
    console: isaSerial,
    tty: "ttyS0",
  },
  virt: {
    arch: "arm64",
    binary: "qemu-system-aarch64",
    transport: "pci",
    rootBus: "pcie.0",
    rootPorts: true,
    bridges: true,
    nvdimm: true,
    growable: false,
    maxVCPUs: 240,
    options: "usb=off",
    console: ["-serial", "chardev:console"],
    tty: "ttyAMA0",
  },
  pseries: {
    arch: "ppc64",
    binary: "qemu-system-ppc64",
    transport: "pci",
    rootBus: "pci.0",
    rootPorts: false,
    bridges: true,
    nvdimm: false,
    growable: false,
    maxVCPUs: 240,
    options: "usb=off",
    console: ["-device", "spapr-vty,chardev=console"],
    tty: "hvc0",
  },
  "s390-ccw-virtio": {
    arch: "s390x",
    binary: "qemu-system-s390x",
    transport: "pci",
    rootBus: "pci.0",
    rootPorts: false,
    bridges: false,
    nvdimm: false,
    growable: false,
    maxVCPUs: 240,
    options: "",
    console: ["-device", "sclpconsole,chardev=console"],
    tty: "ttysclp0",
  },
};
