import type { Command } from "commander";
import { type ContainerOptions, declareContainerOptions } from "../../../container/options.ts";
import { declareResourceOptions, type ResourceOptions } from "../../../resources/options.ts";

/** The options of `container create`, as the parser gives them. */
export interface CreateOptions extends ContainerOptions, ResourceOptions {
  config?: string;
  id?: string;
  image?: string;
  waits?: boolean;
}

/** Declares the options of `container create`. */
export function declareCreateOptions(command: Command): Command {
  command
    .optionsGroup("Container:")
    .option(
      "--config <file>",
      "ContainerConfig in JSON, - for standard input; options go before it",
    )
    .option("--id <id>", "name of the container (default: 12 random hex digits)")
    .option("--image <image>", "image to make it of")
    .option("--waits", "it only waits, for commands of `exec` and `enter`");
  return declareResourceOptions(declareContainerOptions(command), {
    cpus: "CPU time it can use, such as 2 or 0.5; the VM grows to it",
    memory: "memory it can use, such as 512m or 1g; the VM grows to it",
  });
}
