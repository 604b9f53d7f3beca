import type { Command } from "commander";
import { type DockerOptions, declareDockerOptions } from "../../container/docker-options.ts";
import { type ContainerOptions, declareContainerOptions } from "../../container/options.ts";
import { declareNetworkOptions, type NetworkOptions } from "../../network/options.ts";
import { declareLimitOptions, type LimitOptions } from "../../resources/options.ts";
import { declareVmOptions, type VmOptions } from "../../vm/options.ts";

/** The options of `run`, as the parser gives them. */
export interface RunOptions
  extends ContainerOptions,
    VmOptions,
    NetworkOptions,
    LimitOptions,
    DockerOptions {
  detach?: boolean;
  interactive?: boolean;
  tty?: boolean;
  rm?: boolean;
  name?: string;
  timeout?: string;
  stopSignal?: string;
  stopTimeout?: string;
  cidfile?: string;
  quiet?: boolean;
  detachKeys?: string;
  sigProxy?: string;
  init?: boolean;
}

/** Declares the options of `run`. */
export function declareRunOptions(command: Command): Command {
  command
    .optionsGroup("Run:")
    .option("-d, --detach", "run in the background and print the name")
    .option(
      "--timeout <duration>",
      "stop the container after this time, with exit code 124; with -d its VM ends by itself",
    )
    .option("--detach-keys <keys>", "keys that detach (default: ctrl-p,ctrl-q)")
    .option("--sig-proxy <truth>", "hand signals on to the container (default: true)");
  return declareMakeOptions(command);
}

/** Declares what `run` has together with `create`. */
export function declareMakeOptions(command: Command): Command {
  command
    .optionsGroup("Container:")
    .option("-i, --interactive", "pass standard input to the container")
    .option("-t, --tty", "give the container a terminal")
    .option("--init", "run the command under a first process that hands signals on and reaps")
    .option("--rm", "remove the container when it ends")
    .option("--name <name>", "name of the container (default: 12 random hex digits)")
    .option("--cidfile <file>", "write the container's name to a file, which must not be there yet")
    .option("-q, --quiet", "show no progress of a pull")
    .option("--stop-signal <signal>", "what `virtc stop` asks it to end by (default: the image's)")
    .option(
      "--stop-timeout <seconds>",
      "how long `virtc stop` waits before it kills (default: 10)",
    );
  // As people know it of docker run: -h is the host name there, and help has its long name alone.
  command.helpOption("--help", "show help");
  declareDockerOptions(
    declareLimitOptions(declareNetworkOptions(declareContainerOptions(command))),
  );
  return declareVmOptions(command, "-h, --hostname <name>");
}
