import { type Command, Option } from "commander";
import { collect } from "../args/collect.ts";

/** The options of `run`, as the parser gives them. */
export interface RunOptions {
  detach?: boolean;
  interactive?: boolean;
  tty?: boolean;
  rm?: boolean;
  name?: string;
  env: string[];
  envFile: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
  hostname?: string;
  annotation: string[];
  cpus?: string;
  memory?: string;
  timeout?: string;
  rootfs?: string;
  readOnly?: boolean;
  scratch?: string;
  pull: "missing" | "always" | "never";
  platform?: string;
  kernel?: string;
  hypervisor?: string;
  machine?: string;
  accelerator?: string;
}

export const machineTypes = ["pc", "q35", "microvm", "virt", "pseries", "s390-ccw-virtio"] as const;
export const accelerators = ["auto", "kvm", "tcg"] as const;

/** Declares the options of `run`. */
export function declareRunOptions(command: Command): Command {
  return command
    .optionsGroup("Container:")
    .option("-d, --detach", "run in the background and print the name")
    .option("-i, --interactive", "pass standard input to the container")
    .option("-t, --tty", "give the container a terminal")
    .option("--rm", "remove the container when it ends")
    .option("--name <name>", "name of the container (default: 12 random hex digits)")
    .option("-e, --env <variable>", "NAME=value, or NAME to pass it on from here", collect, [])
    .option("--env-file <file>", "read environment variables from a file", collect, [])
    .option("-w, --workdir <dir>", "working directory in the container")
    .option("-u, --user <user>", "name or uid, optionally :group or :gid")
    .option("--entrypoint <command>", "use this instead of the image's entry point")
    .option("--hostname <name>", "host name in the VM (default: the container's name)")
    .option("--annotation <key=value>", "attach a note to the container", collect, [])
    .option("--timeout <duration>", "stop the container after this time, with exit code 124")
    .optionsGroup("Root file system:")
    .option("--rootfs <dir>", "use a folder of the host instead of an image; DIR:ro for read-only")
    .option("--read-only", "make the root file system read-only")
    .option("--scratch <size>", "keep what is written on a disk of this size, not in memory")
    .addOption(
      new Option("--pull <when>", "when to ask the registry for the image")
        .choices(["missing", "always", "never"])
        .default("missing"),
    )
    .option("--platform <platform>", "platform of the image, such as linux/amd64")
    .optionsGroup("Virtual machine:")
    .option("--cpus <number>", "CPUs, such as 2 or 0.5 (default: 1)")
    .option("-m, --memory <size>", "memory of the VM, such as 512m or 1g (default: 256m)")
    .option("--kernel <kernel>", "tuned, debian, or the path of a vmlinux")
    .option("--hypervisor <type>", "qemu, or the path of a QEMU binary (default: qemu)")
    .addOption(new Option("--machine <type>", "machine type").choices(machineTypes))
    .addOption(new Option("--accelerator <name>", "how the CPU is run").choices(accelerators));
}
