import type { Command } from "commander";

/** The options that limit a container within its VM, as the parser gives them. */
export interface LimitOptions {
  cpuShares?: string;
  cpuQuota?: string;
  cpuPeriod?: string;
  cpusetCpus?: string;
  cpusetMems?: string;
  memoryReservation?: string;
  memorySwap?: string;
  pidsLimit?: string;
}

/** These with the two that may be of the VM. */
export interface ResourceOptions extends LimitOptions {
  cpus?: string;
  memory?: string;
}

/** Declares the options that limit a container; `cpus` and `memory` say what these two mean here. */
export function declareResourceOptions(
  command: Command,
  { cpus, memory }: { cpus: string; memory: string },
): Command {
  command
    .optionsGroup("Resources:")
    .option("--cpus <number>", cpus)
    .option("-m, --memory <size>", memory);
  return declareLimitOptions(command);
}

/** Declares those that limit a container within its VM. */
export function declareLimitOptions(command: Command): Command {
  return command
    .optionsGroup("Resources:")
    .option("--cpu-shares <number>", "weight among the sandbox's containers, from 2 to 262144")
    .option("--cpu-quota <us>", "CPU time in microseconds for each period; -1 for no limit")
    .option("--cpu-period <us>", "length of the period in microseconds, from 1000 to 1000000")
    .option("--cpuset-cpus <list>", "CPUs of the VM to run on, such as 0-2,4")
    .option("--cpuset-mems <list>", "memory nodes of the VM to use, of which there is one: 0")
    .option("--memory-reservation <size>", "memory that is left to it when memory is short")
    .option(
      "--memory-swap <size>",
      "memory and swap together, of which a VM has none; -1: no limit",
    )
    .option("--pids-limit <number>", "most processes and threads; -1 for no limit");
}
