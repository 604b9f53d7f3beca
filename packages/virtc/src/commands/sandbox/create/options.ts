import type { Command } from "commander";
import { type ContainerOptions, declareContainerOptions } from "../../../container/options.ts";
import { declareNetworkOptions, type NetworkOptions } from "../../../network/options.ts";
import { declareLifetimeOptions, type LifetimeOptions } from "../../../vm/lifetime.ts";
import { declareVmOptions, type VmOptions } from "../../../vm/options.ts";

/** The options of `sandbox create` and `sandbox run`, as the parser gives them. */
export interface SandboxOptions
  extends ContainerOptions,
    VmOptions,
    NetworkOptions,
    LifetimeOptions {
  config?: string;
  id?: string;
  image?: string;
  waits?: boolean;
}

/** Declares the options of `sandbox create` and `sandbox run`. */
export function declareSandboxOptions(command: Command): Command {
  command
    .optionsGroup("Sandbox:")
    .option("--config <file>", "SandboxConfig in JSON, - for standard input; options go before it")
    .option("--id <id>", "name of the sandbox (default: 12 random hex digits)")
    .optionsGroup("Container:")
    .option("--image <image>", "make a container, named main, of this image")
    .option("--waits", "the container only waits, for commands of `exec` and `enter`");
  declareVmOptions(declareNetworkOptions(declareContainerOptions(command)));
  return declareLifetimeOptions(command);
}
