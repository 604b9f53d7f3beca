import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  LinuxResourcesSchema,
  ProcessSchema,
  SpecSchema,
  StringUserSchema,
} from "@virtcontainers/agent-protocol";
import type { StoredContainer } from "../store/schema.ts";
import type { Cmd, LinuxResources } from "./config.ts";
import { waiterMount } from "./waiter.ts";

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What a container may do without more being asked for: the set that Docker and containerd give. */
const defaultCapabilities = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

const maskedPaths = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
];

const readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const mounts = [
  mount("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
  mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
  mount("/dev/pts", "devpts", "devpts", [
    "nosuid",
    "noexec",
    "newinstance",
    "ptmxmode=0666",
    "mode=0620",
    "gid=5",
  ]),
  mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
  mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
  mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"]),
  mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
];

function mount(destination: string, type: string, source: string, options: string[]) {
  return { destination, type, source, options };
}

/** The OCI specification that the guest gets for a container (OCI runtime-spec 1.0, config.md). */
export function containerSpec(
  container: StoredContainer,
  hostname: string,
  rootPath: string,
): MessageInitShape<typeof SpecSchema> {
  const { config } = container;
  return {
    Version: "1.0.2",
    Process: processSpec({ ...config.cmd, args: container.argv }, container),
    Root: { Path: rootPath, Readonly: config.readonlyRootfs ?? false },
    Hostname: hostname,
    Mounts: config.waits ? [...mounts, waiterMount] : mounts,
    Annotations: config.annotations ?? {},
    Linux: {
      Namespaces: ["pid", "ipc", "uts", "mount", "cgroup"].map((Type) => ({ Type, Path: "" })),
      MaskedPaths: maskedPaths,
      ReadonlyPaths: readonlyPaths,
      CgroupsPath: `/virtcontainers/${container.id}`,
      Resources: resourcesSpec(config.resources ?? {}),
    },
  };
}

/** One process of a container; what the command leaves out comes from the container and its image. */
export function processSpec(
  cmd: Cmd,
  container: StoredContainer,
): MessageInitShape<typeof ProcessSchema> {
  const image = container.image?.config;
  const own = container.config.cmd;
  const capabilities = cmd.capabilities ?? own?.capabilities;
  const all = defaultCapabilities;
  return {
    Terminal: cmd.terminal ?? false,
    ...(cmd.consoleSize && {
      ConsoleSize: { Height: cmd.consoleSize.height, Width: cmd.consoleSize.width },
    }),
    User: {},
    Args: cmd.args,
    Env: environment(
      [
        image?.env.some((entry) => entry.startsWith("PATH=")) ? [] : [defaultPath],
        cmd.terminal ? ["TERM=xterm"] : [],
        image?.env ?? [],
        pairs(own),
        pairs(cmd),
      ].flat(),
    ),
    Cwd: cmd.workDir ?? own?.workDir ?? (image?.workingDir || "/"),
    NoNewPrivileges: cmd.noNewPrivileges ?? own?.noNewPrivileges ?? false,
    Capabilities: {
      Bounding: capabilities?.bounding ?? all,
      Effective: capabilities?.effective ?? all,
      Permitted: capabilities?.permitted ?? all,
      Inheritable: capabilities?.inheritable ?? [],
      Ambient: capabilities?.ambient ?? [],
    },
  };
}

/** Who the process runs as; the agent looks names up in the container's own /etc/passwd. */
export function userSpec(
  cmd: Cmd,
  container: StoredContainer,
): MessageInitShape<typeof StringUserSchema> {
  const own = container.config.cmd;
  return {
    uid: cmd.user ?? own?.user ?? (container.image?.config.user || "0"),
    gid: cmd.primaryGroup ?? own?.primaryGroup ?? "",
    additionalGids: cmd.supplementaryGroups ?? own?.supplementaryGroups ?? [],
  };
}

function pairs(cmd: Cmd | undefined): string[] {
  return (cmd?.envs ?? []).map((entry) => `${entry.var}=${entry.value}`);
}

/** Later entries of the same name win; the order of first appearance stays. */
function environment(entries: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) byName.set(entry.split("=", 1)[0] ?? entry, entry);
  return [...byName.values()];
}

export function resourcesSpec(
  resources: LinuxResources,
): MessageInitShape<typeof LinuxResourcesSchema> {
  const { memory, cpu, pids } = resources;
  return {
    ...(memory && {
      Memory: {
        Limit: BigInt(memory.limit ?? 0),
        Reservation: BigInt(memory.reservation ?? 0),
        Swap: BigInt(memory.swap ?? 0),
      },
    }),
    ...(cpu && {
      CPU: {
        Shares: BigInt(cpu.shares ?? 0),
        Quota: BigInt(cpu.quota ?? 0),
        Period: BigInt(cpu.period ?? 0),
        Cpus: cpu.cpus ?? "",
        Mems: cpu.mems ?? "",
      },
    }),
    ...(pids && { Pids: { Limit: BigInt(pids.limit) } }),
  };
}
