import type { ContainerConfig } from "../../config/container.ts";
import type { SandboxConfig } from "../../config/sandbox.ts";
import { invalidArgument } from "../../errors.ts";
import type { Image } from "../../image/image.ts";
import type { Context } from "../../operation/context.ts";
import { planRootDisk } from "../../storage/block/root-disk.ts";
import { planMounts } from "../../storage/plan.ts";
import { planRootFolder } from "../../storage/root-folder.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { healthCheckOf } from "../health-check.ts";
import { withConsole } from "../process/host-console.ts";
import { checkLimits } from "../spec/limits.ts";
import { waiterPath } from "../spec/waiter.ts";

/** Looks up all that a container is made of, before anything is taken from the host. */
export async function prepareContainer(
  context: Context,
  config: ContainerConfig,
  place: { config: Pick<SandboxConfig, "volumes">; shared: boolean; field: string },
  signal: AbortSignal,
): Promise<StoredContainer> {
  const { field } = place;
  checkLimits(config.resources ?? {}, `${field}.resources`);
  const cmd = config.cmd && withConsole(config.cmd, `${field}.cmd`);
  const found = config.image === undefined ? undefined : await findImage(context, config, signal);
  const image = found && storedImage(config.image ?? "", found);
  const healthCheck = healthCheckOf(config.healthCheck, found?.config.healthcheck);
  const rootFolder = await planRootFolder(config, field);
  const disk = await planRootDisk(config, field);
  const argv = commandLine(config, image?.config);
  if (argv.length === 0) {
    throw invalidArgument(
      `${field}.cmd.args`,
      argv,
      "there is no command, and the image names none either",
    );
  }
  return {
    id: config.id,
    state: "creating",
    config: { ...config, ...(cmd && { cmd }) },
    ...(image && { image }),
    ...(disk && { disk }),
    ...(rootFolder && { rootFolder }),
    drives: {},
    mounts: await planMounts(context, config.mounts ?? [], {
      sandbox: place.config,
      shared: place.shared,
      field,
    }),
    argv,
    ...(healthCheck && { healthCheck }),
    pid: 0,
    createdAt: new Date().toISOString(),
    startTime: "",
  };
}

async function findImage(
  context: Context,
  config: ContainerConfig,
  signal: AbortSignal,
): Promise<Image> {
  const { image = "", pull = "missing" } = config;
  return await context.images.ensure(image, { signal, pull });
}

/** What is kept of it. */
function storedImage(name: string, found: Image): NonNullable<StoredContainer["image"]> {
  const { env, entrypoint, cmd, workingDir, user } = found.config;
  return {
    name,
    digest: found.digest,
    path: found.path,
    config: { env, entrypoint, cmd, workingDir, user },
  };
}

/** As the OCI image spec says: the entrypoint stands before the command; a command of the caller replaces the image's. */
function commandLine(
  config: ContainerConfig,
  image: { entrypoint: readonly string[]; cmd: readonly string[] } | undefined,
): string[] {
  if (config.waits) return [waiterPath];
  const args = config.cmd?.args ?? [];
  const whole = config.customSpec?.process?.args;
  if (config.entrypoint === undefined && whole !== undefined)
    return args.length > 0 ? [...args] : [...whole];
  if (config.entrypoint !== undefined) return [...config.entrypoint, ...args];
  if (image === undefined) return [...args];
  return [...image.entrypoint, ...(args.length > 0 ? args : image.cmd)];
}
