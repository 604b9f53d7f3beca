import type { Command } from "commander";
import { collect } from "../args/collect.ts";

/** The options about what a container's processes may do, as the parser gives them. */
export interface SecurityOptions {
  privileged?: boolean;
  groupAdd: string[];
  capAdd: string[];
  capDrop: string[];
  securityOpt: string[];
  ulimit: string[];
  sysctl: string[];
  oomScoreAdj?: string;
  /** False with --no-new-privileges. */
  newPrivileges?: boolean;
}

/** Declares the options about what a container's processes may do. */
export function declareSecurityOptions(command: Command): Command {
  return command
    .optionsGroup("Rights and limits:")
    .option("--privileged", "all rights in the VM, and none on this host")
    .option("--group-add <group>", "further group of the user, by name or number", collect, [])
    .option("--cap-add <capability>", "add a capability such as NET_ADMIN, or ALL", collect, [])
    .option("--cap-drop <capability>", "take a capability away, or ALL", collect, [])
    .option(
      "--security-opt <option>",
      "seccomp=unconfined, seccomp=FILE or no-new-privileges; label=disable and apparmor=unconfined are so already",
      collect,
      [],
    )
    .option("--no-new-privileges", "no program gains rights, set-user-ID or not")
    .option("--ulimit <name=soft[:hard]>", "limit such as nofile=1024:2048", collect, [])
    .option(
      "--sysctl <name=value>",
      "kernel parameter such as net.core.somaxconn=1024",
      collect,
      [],
    )
    .option(
      "--oom-score-adj <number>",
      "from -1000 to 1000: whom the guest's kernel kills last, first",
    );
}
