import type { Command } from "commander";
import { collect } from "../args/collect.ts";

/** Options of docker that take here what is so anyway, as the parser gives them. */
export interface DockerOptions {
  ipc?: string;
  pid?: string;
  uts?: string;
  userns?: string;
  cgroupns?: string;
  logDriver?: string;
  logOpt: string[];
  storageOpt: string[];
}

/** Declares the options that take what is so anyway, and say of all else why it can't be. */
export function declareDockerOptions(command: Command): Command {
  return command
    .optionsGroup("As in docker:")
    .option("--ipc <mode>", "private, which it is anyway")
    .option("--pid <mode>", "private, which it is anyway")
    .option("--uts <mode>", "private, which it is anyway")
    .option("--userns <mode>", "host, which it is anyway: users are those of the VM")
    .option("--cgroupns <mode>", "private, which it is anyway")
    .option("--log-driver <driver>", "json-file or local: a log on this host, which is so anyway")
    .option("--log-opt <key=value>", "max-size=SIZE: the log ends there", collect, [])
    .option("--storage-opt <key=value>", "size=SIZE, the same as --scratch", collect, []);
}
