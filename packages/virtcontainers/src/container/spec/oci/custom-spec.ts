import { isAbsolute, resolve } from "node:path";
import { knownCapabilities } from "../../../config/capabilities.ts";
import { type ContainerConfig, ContainerConfigSchema } from "../../../config/container.ts";
import type { Mount } from "../../../config/mount.ts";
import type { Resources } from "../../../config/oci/resources.ts";
import { type OciSpec, OciSpecSchema } from "../../../config/oci/schema.ts";
import type { LinuxResources } from "../../../config/resources.ts";
import { invalidArgument } from "../../../errors.ts";
import type { Context } from "../../../operation/context.ts";
import { parse } from "../../../validate.ts";
import { readBundle } from "./bundle.ts";
import { assertMountable, bindMounts } from "./mounts.ts";
import { unknownFields, withoutEffect } from "./reported.ts";

/**
 * Spreads the specification of a container, or of its bundle, over the fields of its configuration that say
 * the same; those that are given already hold. What has no effect in a VM, or is not known, is told to the
 * logger; `input` is the configuration before its check, which leaves out what it does not know.
 * INVALID_ARGUMENT, NOT_SUPPORTED.
 */
export async function applyCustomSpec(
  context: Context,
  config: ContainerConfig,
  input: ContainerConfig | undefined,
  field: string,
): Promise<ContainerConfig> {
  const { bundle } = config;
  if (config.customSpec === undefined && bundle === undefined) return config;
  const at = `${field}.${config.customSpec === undefined ? "bundle" : "customSpec"}`;
  const given = input?.customSpec ?? (await readBundle(bundle ?? "", at));
  const spec = parse(OciSpecSchema, given, at);
  assertMountable(spec.mounts ?? [], `${at}.mounts`);
  const hasOwnRoot = config.image !== undefined || config.rootFs !== undefined;
  const reported = [...unknownFields(given, spec), ...withoutEffect(spec, hasOwnRoot)];
  if (reported.length > 0) {
    const fields = { containerId: config.id, fields: reported };
    context.logger.warn(fields, "parts of an OCI specification have no effect");
  }
  return parse(ContainerConfigSchema, spread(config, withKnownCapabilities(spec), at), field);
}

function spread(config: ContainerConfig, spec: OciSpec, at: string): ContainerConfig {
  const { process, root, linux } = spec;
  const { cmd } = config;
  const terminal = cmd?.terminal ?? process?.terminal;
  const consoleSize = cmd?.consoleSize ?? (terminal ? sizeOf(process?.consoleSize) : undefined);
  const readonly = config.readonlyRootfs ?? root?.readonly;
  return {
    ...config,
    customSpec: spec,
    mounts: mountsOf(config, spec),
    ...(config.image === undefined && {
      rootFs: config.rootFs ?? { target: rootOf(config, spec, at), mounted: true },
    }),
    ...(readonly !== undefined && { readonlyRootfs: readonly }),
    cmd: {
      ...cmd,
      args: cmd?.args ?? [],
      ...(terminal !== undefined && { terminal }),
      ...(consoleSize && { consoleSize }),
    },
    annotations: { ...spec.annotations, ...config.annotations },
    resources: { ...limits(linux?.resources ?? {}), ...config.resources },
  };
}

/** Where the configuration mounts something itself, that holds. */
function mountsOf(config: ContainerConfig, spec: OciSpec): Mount[] {
  const own = config.mounts ?? [];
  const taken = new Set(own.map(({ destination }) => destination));
  const binds = bindMounts(spec.mounts ?? [], config.bundle);
  return [...binds.filter(({ destination }) => !taken.has(destination)), ...own];
}

function rootOf({ bundle }: ContainerConfig, { root }: OciSpec, at: string): string {
  const path = root?.path ?? "";
  if (path !== "" && (isAbsolute(path) || bundle !== undefined))
    return resolve(bundle ?? "/", path);
  throw invalidArgument(
    `${at}.root.path`,
    path,
    "it must be a folder: an absolute path, or one from a bundle on",
  );
}

/** A size of 0 by 0 is none. */
function sizeOf(
  size: { height: number; width: number } | undefined,
): { height: number; width: number } | undefined {
  return size !== undefined && size.height > 0 && size.width > 0 ? size : undefined;
}

/** As the runtime specification asks: what the kernel does not know can't be given, and is no error. */
function withKnownCapabilities(spec: OciSpec): OciSpec {
  const sets = spec.process?.capabilities;
  if (spec.process === undefined || sets === undefined) return spec;
  const known = Object.entries<string[] | undefined>({ ...sets }).map(([set, names]) => [
    set,
    names?.filter((name) => knownCapabilities.includes(name)),
  ]);
  return { ...spec, process: { ...spec.process, capabilities: Object.fromEntries(known) } };
}

/** The limits of a specification without what cgroup v2 does not know. */
function limits({ memory, cpu, pids, hugepageLimits, devices }: Resources): LinuxResources {
  const { limit, reservation, swap } = memory ?? {};
  return {
    ...(memory && { memory: { limit, reservation, swap } }),
    ...(cpu && { cpu }),
    ...(pids?.limit && { pids: { limit: pids.limit } }),
    ...(hugepageLimits && { hugepageLimits }),
    ...(devices && { devices }),
  };
}
