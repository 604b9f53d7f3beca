import { type Command, Option } from "commander";

/** The options that describe a VM, as the parser gives them. */
export interface VmOptions {
  hostname?: string;
  cpus?: string;
  memory?: string;
  kernel?: string;
  hypervisor?: string;
  machine?: string;
  accelerator?: string;
}

export const machineTypes = ["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"] as const;
export const accelerators = ["auto", "kvm", "tcg"] as const;

/** Declares the options that describe a VM. */
export function declareVmOptions(command: Command, hostname = "--hostname <name>"): Command {
  return command
    .optionsGroup("Virtual machine:")
    .option(hostname, "host name in the VM (default: the sandbox's name)")
    .option("--cpus <number>", "CPUs, such as 2 or 0.5 (default: 1)")
    .option("-m, --memory <size>", "memory of the VM, such as 512m or 1g (default: 256m)")
    .option("--kernel <kernel>", "tuned, debian, or the path of a vmlinux")
    .option("--hypervisor <type>", "qemu, or the path of a QEMU binary (default: qemu)")
    .addOption(new Option("--machine <type>", "machine type").choices(machineTypes))
    .addOption(new Option("--accelerator <name>", "how the CPU is run").choices(accelerators));
}
