import * as v from "valibot";
import { absolutePath, argument, id, integer, later, text, texts } from "../validate.ts";
import { Capabilities } from "./capabilities.ts";
import { Mounts } from "./mount.ts";
import { DeviceRule, HugepageLimit } from "./oci/resources.ts";
import { OciSpec } from "./oci/schema.ts";
import { Seccomp } from "./oci/seccomp.ts";
import { Rlimits } from "./rlimits.ts";
import { RootFs } from "./rootfs.ts";
import { Sysctl } from "./sysctl.ts";

export const EnvVar = v.strictObject({
  var: v.pipe(
    argument(4096),
    v.check((name) => name !== "" && !name.includes("="), "it must be a name without ="),
  ),
  value: argument(),
});
export type EnvVar = v.InferInput<typeof EnvVar>;

const user = v.pipe(
  text(256),
  v.check((name) => name !== "", "it must not be empty"),
);

/** A command to run in a container; the fields left out of a container's first command come from its image. */
export const Cmd = v.pipe(
  v.strictObject({
    /** Executable and arguments; nothing is passed through a shell. */
    args: v.pipe(
      v.array(argument(), "it must be a list of texts"),
      v.maxLength(4096, "it must have at most 4096 elements"),
      v.check((args) => args.length === 0 || args[0] !== "", "its first element must not be empty"),
    ),
    envs: v.optional(v.array(EnvVar)),
    workDir: v.optional(absolutePath()),
    /** Name or number, optionally `:group`. */
    user: v.optional(user),
    primaryGroup: v.optional(user),
    supplementaryGroups: v.optional(v.array(user)),
    /** A pseudo terminal in the guest; stderr goes with stdout then. */
    terminal: v.optional(v.boolean("it must be true or false")),
    consoleSize: v.optional(
      v.strictObject({ height: integer(1, 65535, "rows"), width: integer(1, 65535, "columns") }),
    ),
    /**
     * A terminal of the host, such as /dev/pts/3, that the process uses: the program that starts the process
     * carries what is typed and shown for as long as it lives. With `terminal`, and not with `detach`.
     */
    console: v.optional(absolutePath()),
    /** Keeps stdin open; without it the command reads from /dev/null. */
    interactive: v.optional(v.boolean("it must be true or false")),
    /** Output goes to the sandbox's log instead of to a reader. */
    detach: v.optional(v.boolean("it must be true or false")),
    noNewPrivileges: v.optional(v.boolean("it must be true or false")),
    capabilities: v.optional(Capabilities),
    rlimits: v.optional(Rlimits),
    /** Whom the guest's kernel kills first when memory is short: -1000 (never) to 1000. */
    oomScoreAdj: v.optional(integer(-1000, 1000)),
  }),
  v.check(
    ({ console, terminal, detach }) => console === undefined || (terminal === true && !detach),
    "a console needs terminal: true, and no detach",
  ),
);
export type Cmd = v.InferInput<typeof Cmd>;

const bytes = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(-1, "it must be -1 (no limit) or a number of bytes"),
);
const whole = v.pipe(v.number(), v.integer(), v.minValue(0, "it must not be negative"));

/** Limits of one container; names and units of the OCI runtime specification, config-linux.md. */
export const LinuxResources = v.strictObject({
  memory: v.optional(
    v.strictObject({
      limit: v.optional(bytes),
      reservation: v.optional(bytes),
      swap: v.optional(bytes),
      disableOOMKiller: later("disabling the OOM killer, which cgroup v2 does not know"),
      kernel: later("kernel memory limits, which cgroup v2 does not know"),
      kernelTCP: later("kernel TCP limits, which cgroup v2 does not know"),
      swappiness: later("swappiness, which cgroup v2 does not know"),
    }),
  ),
  cpu: v.optional(
    v.strictObject({
      shares: v.optional(whole),
      quota: v.optional(v.pipe(v.number(), v.integer())),
      period: v.optional(whole),
      cpus: v.optional(text(256)),
      mems: v.optional(text(256)),
      realtimeRuntime: later("realtime scheduling"),
      realtimePeriod: later("realtime scheduling"),
    }),
  ),
  pids: v.optional(v.strictObject({ limit: v.pipe(v.number(), v.integer()) })),
  hugepageLimits: v.optional(v.array(HugepageLimit)),
  blockIO: later(
    "limits of block devices: their numbers are the guest's, and weights need a scheduler that its disks have not",
  ),
  network: later("network classes, which cgroup v2 does not know"),
  /** Rules of which devices may be opened, made and read; numbers are the guest's. */
  devices: v.optional(v.array(DeviceRule)),
});
export type LinuxResources = v.InferInput<typeof LinuxResources>;

export const Annotations = texts(text(256), argument(65_536));

/** One container of a sandbox. */
export const ContainerConfig = v.pipe(
  v.strictObject({
    id,
    /** Name or digest of an image of the store. */
    image: v.optional(text(512)),
    pull: v.optional(
      v.picklist(["missing", "always", "never"], "it must be missing, always or never"),
    ),
    /** Stands before the command instead of the image's entry point; the image's command is not used then. */
    entrypoint: v.optional(v.pipe(v.array(argument()), v.maxLength(4096))),
    rootFs: v.optional(RootFs),
    readonlyRootfs: v.optional(v.boolean("it must be true or false")),
    /** Size of the writable layer as an ext4 disk on the host, instead of the guest's memory. */
    scratchMiB: v.optional(integer(16, 16_777_216, "MiB")),
    cmd: v.optional(Cmd),
    /** The first process only waits and reaps; commands come with enterContainer or exec. Not with cmd.args. */
    waits: v.optional(v.boolean("it must be true or false")),
    annotations: v.optional(Annotations),
    resources: v.optional(LinuxResources),
    /** Kernel parameters of the container's namespaces, such as `net.core.somaxconn`. */
    sysctl: v.optional(Sysctl),
    /**
     * Which system calls it may make: `default` (as in docker; taken where there is no customSpec),
     * `unconfined`, or a filter as in the OCI runtime specification.
     */
    seccomp: v.optional(v.union([v.picklist(["default", "unconfined"]), Seccomp])),
    /** Folders, files, volumes and file systems of the guest, beside the usual ones. */
    mounts: v.optional(Mounts),
    deviceInfos: later("devices"),
    /** An OCI runtime specification; what stands beside it in this configuration holds against it. */
    customSpec: v.optional(OciSpec),
    /** The folder of an OCI bundle; its config.json is read at create, unless there is a customSpec. */
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
    (config) => !config.waits || (config.cmd?.args ?? []).length === 0,
    "a container that waits has no cmd.args",
  ),
);
export type ContainerConfig = v.InferInput<typeof ContainerConfig>;
