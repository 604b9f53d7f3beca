import { constants } from "node:fs";
import { access, readFile } from "node:fs/promises";
import { release } from "node:os";
import { isVirtError } from "../errors.ts";
import { findPlugin, pluginFolders } from "./cni/find.ts";
import { type DeviceFault, faultyDevices } from "./devices.ts";
import type { Host } from "./host.ts";
import { kvmUsable } from "./kvm.ts";
import { whyForbidden } from "./network/house/forbidden.ts";
import { pluginPackage, toolPackages } from "./network/packages.ts";
import { type DebianRelease, hostRelease } from "./release.ts";
import { userNamespace } from "./user-namespace.ts";

/** One line of `virtc check`. */
export interface HostCheck {
  id: string;
  ok: boolean;
  /** Without it no container runs; else only what `neededFor` says is missing. */
  required: boolean;
  /** What was found, or what is wrong. */
  detail: string;
  neededFor: string;
  /** What to do about it; undefined where all is well. */
  remedy: string | undefined;
  /** The Debian packages that bring it, on the release that this host is. */
  packages: readonly string[];
}

interface Finding {
  ok: boolean;
  detail: string;
  remedy?: string;
}

type Packages = readonly string[] | Readonly<Record<DebianRelease, readonly string[]>>;

interface Requirement {
  id: string;
  required: boolean;
  neededFor: string;
  /** Debian packages that bring it. */
  packages: Packages;
  remedy?: string;
  check(host: Host, guest: GuestFiles): Promise<Finding>;
}

/** Tells which guest files there are, or throws HOST_REQUIREMENT. */
export type GuestFiles = () => Promise<string>;

const namespacesRemedy =
  "Allow them: sysctl user.max_user_namespaces; some systems forbid them to ordinary users otherwise.";

const oldestKernel = { major: 5, minor: 12 };

const networks = "networks, which sandboxes of root's have unless they say --network none";

/** What networks of sandboxes need. */
const networkRequirements: readonly Requirement[] = [
  plugins("cni", ["bridge", "host-local", "portmap", "firewall"], networks),
  plugins("dnsname", ["dnsname"], "names of sandboxes in their networks"),
  tool("dnsmasq", "dnsmasq", false, "names of sandboxes in their networks", [toolPackages.dnsmasq]),
  tool("ip", "ip", false, networks, [toolPackages.ip]),
  tool("nft", "nft", false, `${networks}: their walls and their way out`, [toolPackages.nft]),
  tool("iptables", "iptables", false, "published ports (--publish), and names of sandboxes", [
    toolPackages.iptables,
  ]),
  tool("pasta", "pasta", false, "networks of ordinary users", [toolPackages.pasta]),
  {
    id: "user-namespaces",
    required: false,
    neededFor: "networks of ordinary users, and folders that they share",
    packages: [],
    check: checkNamespaces,
  },
];

/** What a host must or should have. */
export const requirements: readonly Requirement[] = [
  {
    id: "linux",
    required: true,
    neededFor: "processes and mounts that can't be confused or redirected",
    packages: [],
    remedy: `Use Linux ${oldestKernel.major}.${oldestKernel.minor} or newer on x86-64.`,
    check: checkKernel,
  },
  tool("qemu", "qemu-system-x86_64", true, "running VMs", ["qemu-system-x86"]),
  {
    id: "guest",
    required: true,
    neededFor: "what a VM boots: kernel and root image",
    packages: [],
    remedy: "Install the package @virtcontainers/guest-linux-x64, or set VIRTC_GUEST_DIR.",
    check: checkGuest,
  },
  {
    id: "kvm",
    required: false,
    neededFor: "speed: without it QEMU emulates the CPU",
    packages: [],
    remedy:
      "Turn on virtualisation in the firmware, load kvm_intel or kvm_amd, join the group kvm.",
    check: async () => {
      const { usable, reason } = await kvmUsable();
      return { ok: usable, detail: usable ? "/dev/kvm is usable" : `unusable: ${reason}` };
    },
  },
  {
    id: "root",
    required: false,
    neededFor:
      "networks, folder roots over virtio-fs with QEMU 7.2, and a user of its own for each QEMU",
    packages: [],
    remedy: "Run as root.",
    check: async ({ uid }) => ({ ok: uid === 0, detail: `user id ${uid}` }),
  },
  {
    id: "devices",
    required: true,
    neededFor: "programs of any user: a QEMU of root's runs as an ordinary one",
    packages: [],
    remedy: "Give them back the modes that they had when the machine started.",
    check: checkDevices,
  },
  tool("virtiofsd", "virtiofsd", false, "folder roots (--rootfs)", {
    12: ["qemu-system-common"],
    13: ["virtiofsd"],
  }),
  {
    id: "subids",
    required: false,
    neededFor: "folders that an ordinary user shares: files of more owners than one",
    packages: [],
    remedy:
      "Install the package uidmap, and as root give the user ranges: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME",
    check: checkIdRange,
  },
  tool("mkfs.ext4", "mkfs.ext4", false, "scratch disks of a given size", ["e2fsprogs"]),
  tool("tar", "tar", false, "importing root file system folders", ["tar"]),
  ...networkRequirements,
  device(
    "tun",
    "/dev/net/tun",
    networks,
    "As root: modprobe tun; for ordinary users also chmod 0666 /dev/net/tun.",
  ),
  device(
    "vhost-vsock",
    "/dev/vhost-vsock",
    "agents over vsock (virtio-serial, the default, needs nothing)",
    "Load the kernel module vhost_vsock.",
  ),
  {
    ...tool(
      "vhost-device-vsock",
      "vhost-device-vsock",
      false,
      "vsock where /dev/vhost-vsock is missing (vsockDaemon)",
      [],
    ),
    remedy: "Install it: cargo install --locked vhost-device-vsock@0.3.0",
  },
  {
    id: "cgroup",
    required: false,
    neededFor: "limits on what a sandbox takes of the host",
    packages: [],
    remedy: "Mount cgroup2 on /sys/fs/cgroup.",
    check: checkCgroup,
  },
];

/** The Debian packages that a host of a release needs to run sandboxes. */
export function runtimePackages(release: DebianRelease): readonly string[] {
  return [...new Set(requirements.flatMap(({ packages }) => packagesOn(packages, release)))];
}

/** Looks at everything that this host should have, in the order of `requirements`. */
export async function checkHost(
  host: Host,
  guest: GuestFiles,
  release: DebianRelease = hostRelease(),
): Promise<HostCheck[]> {
  return await Promise.all(
    requirements.map(async ({ id, required, neededFor, check, ...rest }) => {
      const finding = await check(host, guest);
      const packages = packagesOn(rest.packages, release);
      const install = `Install it: virtc setup, or apt-get install ${packages.join(" ")}`;
      const remedy = finding.ok ? undefined : (finding.remedy ?? rest.remedy ?? install);
      return { id, ok: finding.ok, required, detail: finding.detail, neededFor, remedy, packages };
    }),
  );
}

function packagesOn(packages: Packages, release: DebianRelease): readonly string[] {
  return "length" in packages ? packages : packages[release];
}

function tool(
  id: string,
  name: string,
  required: boolean,
  neededFor: string,
  packages: Packages,
): Requirement {
  const check: Requirement["check"] = async ({ processes }) => {
    const path = await processes.which(name);
    return { ok: path !== undefined, detail: path ?? `${name} is not installed` };
  };
  return { id, required, neededFor, packages, check };
}

function plugins(id: string, types: readonly string[], neededFor: string): Requirement {
  const packages = [...new Set(types.map(pluginPackage))];
  const check: Requirement["check"] = async (host) => {
    const folders = pluginFolders(process.env);
    const found = await Promise.allSettled(types.map((type) => findPlugin(host, type, folders)));
    const fault = found.find(({ status }) => status === "rejected");
    if (fault?.status === "rejected") return { ok: false, detail: messageOf(fault.reason) };
    return { ok: true, detail: `${types.join(", ")} in ${folders.join(":")}` };
  };
  return { id, required: false, neededFor, packages, check };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function device(id: string, path: string, neededFor: string, remedy: string): Requirement {
  const check: Requirement["check"] = async () => {
    const ok = await access(path, constants.R_OK | constants.W_OK).then(
      () => true,
      () => false,
    );
    return { ok, detail: ok ? path : `${path} is missing, or not for this user` };
  };
  return { id, required: false, neededFor, packages: [], remedy, check };
}

async function checkKernel(): Promise<Finding> {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const recent =
    major > oldestKernel.major || (major === oldestKernel.major && minor >= oldestKernel.minor);
  const detail = `${process.platform} ${release()} ${process.arch}`;
  return { ok: process.platform === "linux" && process.arch === "x64" && recent, detail };
}

async function checkGuest(_host: Host, guest: GuestFiles): Promise<Finding> {
  try {
    return { ok: true, detail: await guest() };
  } catch (error) {
    if (!isVirtError(error, "HOST_REQUIREMENT")) throw error;
    const { message, hint } = error;
    return { ok: false, detail: message, ...(hint !== undefined && { remedy: hint }) };
  }
}

async function checkIdRange(host: Host): Promise<Finding> {
  if (host.uid === 0) return { ok: true, detail: "root needs none" };
  const namespace = await userNamespace(host);
  if (namespace === undefined)
    return { ok: false, detail: "this user can't have user namespaces", remedy: namespacesRemedy };
  const { ranged } = namespace;
  return {
    ok: ranged,
    detail: ranged ? "newuidmap, and a range of ids" : "one id, the user's own",
  };
}

async function checkNamespaces(host: Host): Promise<Finding> {
  if (host.uid === 0) return { ok: true, detail: "root needs none" };
  if ((await userNamespace(host)) !== undefined)
    return { ok: true, detail: "this user can have them" };
  const { message, hint } = await whyForbidden(host.processes);
  return { ok: false, detail: message, remedy: hint ?? namespacesRemedy };
}

async function checkDevices(): Promise<Finding> {
  const faults = await faultyDevices();
  if (faults.length === 0) return { ok: true, detail: "/dev/null and its like are for all users" };
  const all = (pick: (fault: DeviceFault) => string) => faults.map(pick).join("; ");
  return { ok: false, detail: all(({ detail }) => detail), remedy: all(({ remedy }) => remedy) };
}

async function checkCgroup(): Promise<Finding> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const v2 = / - cgroup2 /.test(mounts);
  const v1 = / - cgroup /.test(mounts);
  const detail = v1 && v2 ? "hybrid (v1 and v2)" : v2 ? "v2" : v1 ? "v1" : "none is mounted";
  return { ok: v1 || v2, detail };
}
