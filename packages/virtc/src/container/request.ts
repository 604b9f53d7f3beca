import { isAbsolute, resolve } from "node:path";
import type { HealthCheck, Mount } from "virtcontainers";
import { parseAnnotations } from "../args/annotations.ts";
import { type EnvVar, parseEnv } from "../args/env.ts";
import { parseLabels } from "../args/labels.ts";
import { optional } from "../args/optional.ts";
import { parseRootfs } from "../args/rootfs.ts";
import { parseMiB } from "../args/size.ts";
import type { Context } from "../context.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import { parseHealth } from "./health.ts";
import { parseMounts } from "./mounts.ts";
import type { ContainerOptions } from "./options.ts";
import { parseSecurity, type Security } from "./security.ts";

/** The limits of the library's scratchMiB. */
const scratchLimits = [16, 16 * 1024 ** 2] as const;

/** A container that is asked for, checked as far as the command line alone allows. */
export interface ContainerRequest {
  image: string | undefined;
  rootfs: { target: string; options: ("ro" | "rw")[] } | undefined;
  bundle: string | undefined;
  security: Security;
  healthCheck: HealthCheck | undefined;
  command: readonly string[];
  entrypoint: string | undefined;
  env: readonly EnvVar[];
  annotations: Readonly<Record<string, string>>;
  scratchMiB: number | undefined;
  mounts: Mount[];
  options: ContainerOptions;
}

/** Checks the options of a container; takes nothing and creates nothing. */
export async function parseContainer(
  words: { image: string | undefined; command: readonly string[] },
  options: ContainerOptions,
  context: Context,
): Promise<ContainerRequest> {
  const { image, command } = words;
  const { rootfs, bundle, workdir } = options;
  if (rootfs !== undefined && bundle !== undefined)
    throw new UsageError("--bundle can't be used with --rootfs: a bundle has a root of its own");
  if (workdir !== undefined && !isAbsolute(workdir)) {
    throw badValue("--workdir", workdir, "it must be an absolute path");
  }
  return {
    image,
    rootfs: optional(rootfs, (text) => parseRootfs(text, context.cwd)),
    bundle: optional(bundle, (text) => resolve(context.cwd, text)),
    security: await parseSecurity(options, context),
    healthCheck: parseHealth(options),
    command,
    entrypoint: options.entrypoint,
    env: await parseEnv(options.env, options.envFile, context.env),
    annotations: {
      ...parseAnnotations("--annotation", options.annotation),
      ...(await parseLabels(options.label, options.labelFile, context.cwd)),
    },
    scratchMiB: optional(options.scratch, (text) => parseMiB("--scratch", text, ...scratchLimits)),
    mounts: parseMounts(options, context.cwd),
    options,
  };
}
