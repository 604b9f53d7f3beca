import type { ContainerConfig } from "virtcontainers";
import { readConfig } from "../../../args/config-file.ts";
import { parseName, randomName } from "../../../args/name.ts";
import { optional } from "../../../args/optional.ts";
import { checkCommand } from "../../../container/command.ts";
import { containerConfig } from "../../../container/config.ts";
import { layered } from "../../../container/layers.ts";
import { type ContainerRequest, parseContainer } from "../../../container/request.ts";
import type { Context } from "../../../context.ts";
import { UsageError } from "../../../errors/usage.ts";
import { parseResources } from "../../../resources/request.ts";
import type { CreateOptions } from "./options.ts";

/** A container to be made in a sandbox that exists, and what has to be fetched for it. */
export interface CreateRequest {
  config: ContainerConfig;
  container: ContainerRequest;
}

/** Checks the options of `container create`; they go before what the file says. */
export async function parseCreate(
  command: readonly string[],
  options: CreateOptions,
  context: Context,
): Promise<CreateRequest> {
  const { image, waits, rootfs, bundle } = options;
  const file = await optional(options.config, (path) => readContainerConfig(path, context));
  if (file === undefined && [image, rootfs, bundle].every((root) => root === undefined)) {
    throw new UsageError(
      "an image is missing",
      "Name it with --image, or a folder with --rootfs; see `virtc container create --help`.",
    );
  }
  checkCommand(command, options, file);
  const id = optional(options.id, (text) => parseName("--id", text)) ?? file?.id ?? randomName();
  const container = await parseContainer({ image, command }, options, context);
  const config = layered(file, {
    ...containerConfig(id, container, {}),
    waits,
    resources: parseResources(options),
    annotations: { ...container.annotations },
  });
  return { config, container };
}

/** A container's configuration in a file, checked as the library checks it. */
async function readContainerConfig(path: string, context: Context): Promise<ContainerConfig> {
  const input = await readConfig(path, context);
  const { ContainerConfig, parse } = await import("virtcontainers/config");
  return parse(ContainerConfig, input);
}
