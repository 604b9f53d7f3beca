import * as v from "valibot";
import { absolutePath, argument, id, integer, later, text, texts } from "../validate.ts";
import { type Cmd, CmdSchema } from "./cmd.ts";
import { type HealthCheck, HealthCheckSchema } from "./health-check.ts";
import { type Mount, MountsSchema } from "./mount.ts";
import { type OciSpec, OciSpecSchema } from "./oci/schema.ts";
import { type Seccomp, SeccompSchema } from "./oci/seccomp.ts";
import { type LinuxResources, LinuxResourcesSchema } from "./resources.ts";
import { type RootFs, RootFsSchema } from "./rootfs.ts";
import { type Sysctl, SysctlSchema } from "./sysctl.ts";

export const AnnotationsSchema = texts(text(256), argument(65_536));

/** One container of a sandbox. */
export interface ContainerConfig {
  /** 2 to 64 characters of [a-zA-Z0-9_.-]. */
  id: string;
  /** Name or digest of an image of the store. Not with `rootFs`. */
  image?: string | undefined;
  /** When the image is pulled; default `missing`: when it is not in the store. */
  pull?: "missing" | "always" | "never" | undefined;
  /** Stands before the command instead of the image's entry point; the image's command is not used then. */
  entrypoint?: string[] | undefined;
  /** Its root, instead of an image. */
  rootFs?: RootFs | undefined;
  /** Nothing is written to its root. Default false. */
  readonlyRootfs?: boolean | undefined;
  /** Size of the writable layer as an ext4 disk on the host, from 16, instead of the guest's memory. */
  scratchMiB?: number | undefined;
  /** Its first command. */
  cmd?: Cmd | undefined;
  /** The first process only waits and reaps; commands come with enterContainer or exec. Not with cmd.args. */
  waits?: boolean | undefined;
  /** The first process is one of ours, which runs the command, hands signals on to it and reaps what is left. Default false. */
  init?: boolean | undefined;
  /** Texts that are kept with it, by their names. */
  annotations?: Record<string, string> | undefined;
  /** Its limits. */
  resources?: LinuxResources | undefined;
  /** Kernel parameters of the container's namespaces, such as `net.core.somaxconn`. */
  sysctl?: Sysctl | undefined;
  /**
   * Which system calls it may make: `default` (as in docker; taken where there is no customSpec),
   * `unconfined`, or a filter as in the OCI runtime specification.
   */
  seccomp?: "default" | "unconfined" | Seccomp | undefined;
  /**
   * All rights in the guest, and none on the host: every capability and device, no filter of system calls, nothing of
   * /proc and /sys hidden or read-only. What stands beside it (`cmd.capabilities`, `seccomp`) goes before it. Not with
   * a specification of its own. Default false.
   */
  privileged?: boolean | undefined;
  /** How it is learnt whether it works; default: as its image says. */
  healthCheck?: HealthCheck | undefined;
  /** Folders, files, volumes and file systems of the guest, beside the usual ones; at most 128. */
  mounts?: Mount[] | undefined;
  /** An OCI runtime specification; what stands beside it in this configuration holds against it. */
  customSpec?: OciSpec | undefined;
  /** The folder of an OCI bundle; its config.json is read at create, unless there is a customSpec. */
  bundle?: string | undefined;
}

export const ContainerConfigSchema = v.pipe(
  v.strictObject({
    id,
    image: v.optional(text(512)),
    pull: v.optional(
      v.picklist(["missing", "always", "never"], "it must be missing, always or never"),
    ),
    entrypoint: v.optional(v.pipe(v.array(argument()), v.maxLength(4096))),
    rootFs: v.optional(RootFsSchema),
    readonlyRootfs: v.optional(v.boolean("it must be true or false")),
    scratchMiB: v.optional(integer(16, 16_777_216, "MiB")),
    cmd: v.optional(CmdSchema),
    waits: v.optional(v.boolean("it must be true or false")),
    init: v.optional(v.boolean("it must be true or false")),
    annotations: v.optional(AnnotationsSchema),
    resources: v.optional(LinuxResourcesSchema),
    sysctl: v.optional(SysctlSchema),
    seccomp: v.optional(v.union([v.picklist(["default", "unconfined"]), SeccompSchema])),
    privileged: v.optional(v.boolean("it must be true or false")),
    healthCheck: v.optional(HealthCheckSchema),
    mounts: v.optional(MountsSchema),
    deviceInfos: later("devices"),
    customSpec: v.optional(OciSpecSchema),
    bundle: v.optional(absolutePath()),
  }),
  v.check(
    (config) => config.image === undefined || config.rootFs === undefined,
    "either image or rootFs must be given, and not both",
  ),
  v.check(
    (config) =>
      [config.image, config.rootFs, config.bundle, config.customSpec?.root].some(
        (root) => root !== undefined,
      ),
    "either image or rootFs must be given, or a bundle or customSpec with a root",
  ),
  v.check(
    (config) =>
      !config.privileged || (config.bundle === undefined && config.customSpec === undefined),
    "privileged can't be used with a bundle or customSpec, which says all about rights",
  ),
  v.check(
    (config) => !config.waits || (config.cmd?.args ?? []).length === 0,
    "a container that waits has no cmd.args",
  ),
);
