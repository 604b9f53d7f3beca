import { type Command, Option } from "commander";
import { collect } from "../args/collect.ts";
import { declareHealthOptions, type HealthOptions } from "./health-options.ts";
import { type ImageVolumes, imageVolumeChoices } from "./image-volumes.ts";
import { declareSecurityOptions, type SecurityOptions } from "./security-options.ts";

/** The options that describe a container, as the parser gives them. */
export interface ContainerOptions extends SecurityOptions, HealthOptions {
  env: string[];
  envFile: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
  annotation: string[];
  label: string[];
  labelFile: string[];
  rootfs?: string;
  bundle?: string;
  readOnly?: boolean;
  scratch?: string;
  volume: string[];
  mount: string[];
  tmpfs: string[];
  shmSize?: string;
  imageVolume: ImageVolumes;
  pull: "missing" | "always" | "never";
  platform?: string;
}

/** Declares the options that describe a container: its command and its root file system. */
export function declareContainerOptions(command: Command): Command {
  command
    .optionsGroup("Container:")
    .option("-e, --env <variable>", "NAME=value, or NAME to pass it on from here", collect, [])
    .option("--env-file <file>", "read environment variables from a file", collect, [])
    .option("-w, --workdir <dir>", "working directory in the container")
    .option("-u, --user <user>", "name or uid, optionally :group or :gid")
    .option("--entrypoint <command>", "use this instead of the image's entry point")
    .option("-l, --label <key[=value]>", "label the container", collect, [])
    .option("--label-file <file>", "read labels from a file, one a line", collect, [])
    .option("--annotation <key=value>", "the same as --label", collect, [])
    .optionsGroup("Folders and volumes:")
    .option(
      "-v, --volume <source:path>",
      "mount a folder or file of the host, or a named volume; SOURCE:PATH:ro for read-only; PATH alone " +
        "is a volume without a name, which --rm and `rm -v` remove",
      collect,
      [],
    )
    .option(
      "--mount <mount>",
      "the same as type=bind,source=DIR,destination=PATH,readonly",
      collect,
      [],
    )
    .option("--tmpfs <path>", "mount memory; PATH:size=64m limits it", collect, [])
    .option("--shm-size <size>", "size of /dev/shm (default: 64m)")
    .addOption(
      new Option(
        "--image-volume <how>",
        "the image's VOLUMEs: volumes without a name, memory, or folders of the root",
      )
        .choices(imageVolumeChoices)
        .default("bind"),
    )
    .optionsGroup("Root file system:")
    .option("--rootfs <dir>", "use a folder of the host instead of an image; DIR:ro for read-only")
    .option("--bundle <dir>", "use the config.json and root of an OCI bundle instead of an image")
    .option("--read-only", "make the root file system read-only")
    .option("--scratch <size>", "keep what is written on a disk of this size, not in memory")
    .addOption(
      new Option("--pull <when>", "when to ask the registry for the image")
        .choices(["missing", "always", "never"])
        .default("missing"),
    )
    .option("--platform <platform>", "platform of the image, such as linux/amd64");
  return declareHealthOptions(declareSecurityOptions(command));
}
