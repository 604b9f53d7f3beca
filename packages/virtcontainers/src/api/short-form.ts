import * as v from "valibot";
import { Annotations } from "../config/container.ts";
import type { SandboxConfig } from "../config/sandbox.ts";
import type { CallOptions } from "../deadline.ts";
import { invalidArgument } from "../errors.ts";
import { absolutePath, argument, id, integer, parse, text, texts } from "../validate.ts";

/** Options of Sandbox.create. */
export interface SandboxOptions extends CallOptions {
  id?: string | undefined;
  /** Default: `busybox`. */
  image?: string | undefined;
  /** A folder of the host as the root file system, instead of an image: one of both. */
  rootfs?: string | undefined;
  /** vCPUs, 1 to 240; default 1. */
  cpus?: number | undefined;
  /** 64 MiB or more; default 256. */
  memoryMiB?: number | undefined;
  /** Size of a disk for what is written, instead of the guest's memory. */
  scratchMiB?: number | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  workDir?: string | undefined;
  user?: string | undefined;
  annotations?: Readonly<Record<string, string>> | undefined;
}

const Options = v.strictObject({
  id: v.optional(id),
  image: v.optional(text(512)),
  rootfs: v.optional(absolutePath()),
  cpus: v.optional(integer(1, 240, "vCPUs")),
  memoryMiB: v.optional(integer(64, 4_194_304, "MiB")),
  scratchMiB: v.optional(integer(16, 16_777_216, "MiB")),
  env: v.optional(texts(text(4096), argument())),
  workDir: v.optional(absolutePath()),
  user: v.optional(text(256)),
  annotations: v.optional(Annotations),
  signal: v.optional(v.instance(AbortSignal, "it must be an AbortSignal")),
  timeoutMs: v.optional(integer(1, 2 ** 31 - 1, "ms")),
});

/** The configuration that the short form stands for. INVALID_ARGUMENT. */
export function configFromOptions(options: SandboxOptions): SandboxConfig {
  const o = parse(Options, options, "options");
  if (o.image !== undefined && o.rootfs !== undefined) {
    throw invalidArgument("options.rootfs", o.rootfs, "it can't be used with image: leave out one");
  }
  return {
    ...(o.id !== undefined && { id: o.id }),
    hypervisorConfig: {
      ...(o.cpus !== undefined && { numVCPUs: o.cpus }),
      ...(o.memoryMiB !== undefined && { memoryMiB: o.memoryMiB }),
    },
    ...(o.annotations !== undefined && { annotations: o.annotations }),
    containers: [
      {
        id: "main",
        ...(o.rootfs === undefined
          ? { image: o.image ?? "busybox" }
          : { rootFs: { target: o.rootfs, mounted: true } }),
        ...(o.scratchMiB !== undefined && { scratchMiB: o.scratchMiB }),
        waits: true,
        cmd: {
          args: [],
          envs: Object.entries(o.env ?? {}).map(([name, value]) => ({ var: name, value })),
          ...(o.workDir !== undefined && { workDir: o.workDir }),
          ...(o.user !== undefined && { user: o.user }),
        },
      },
    ],
  };
}
