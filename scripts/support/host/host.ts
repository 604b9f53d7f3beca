import { tmpdir } from "node:os";
import { mounts } from "./mounts.ts";
import { lookAt } from "./paths.ts";

/** What of the host tests must leave as it was: the modes, owners and contents of these folders, and the mounts. */
export type HostState = ReadonlyMap<string, string>;

/** What the system and other programs change while a suite runs; below each too. */
const theirs = [
  // Terminals, memory and queues of whichever process, and nodes that the kernel makes when they are first used.
  ...["/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/hugepages", "/dev/block", "/dev/char"],
  ...["/dev/disk", "/dev/bus", "/dev/snd", "/dev/input", "/dev/loop", "/dev/dm-", "/dev/vcs"],
  ...["/dev/mapper", "/dev/log", "/dev/net"],
  // What a lease of the network and a clock bring.
  ...["/etc/resolv.conf", "/etc/adjtime", "/etc/.pwd.lock", "/etc/cups"],
  // Of the system's own services. Sandboxes of who uses this machine meanwhile are below /run/virtcontainers.
  ...["/run/systemd", "/run/udev", "/run/user", "/run/log", "/run/lock", "/run/dbus", "/run/utmp"],
  ...["/run/sudo", "/run/cloud-init", "/run/motd", "/run/docker", "/run/containerd", "/run/snapd"],
  ...["/run/NetworkManager", "/run/initctl", "/run/shm", "/run/virtcontainers", "/run/screen"],
];

const isTheirs = (path: string): boolean =>
  theirs.some((prefix) => path === prefix || path.startsWith(below(prefix)));

/** Sandboxes of tests have their state below the folder for temporary files. */
const isOfOtherSandbox = (path: string): boolean =>
  /\/sbs\/[^/]+\//.test(path) && !path.startsWith(`${tmpdir()}/`);

/** `/dev/loop` and `/dev/dm-` are numbered. */
const below = (prefix: string): string =>
  /(loop|dm-|vcs|motd)$/.test(prefix) ? prefix : `${prefix}/`;

export function hostState(
  folders: readonly string[] = ["/dev", "/etc", "/run"],
  mounted: ReadonlyMap<string, string> = mounts(),
): HostState {
  const state = new Map<string, string>();
  for (const folder of folders) lookAt(folder, isTheirs, state);
  for (const [mount, what] of mounted) {
    const point = mount.slice("mount ".length);
    if (!isTheirs(point) && !isOfOtherSandbox(point)) state.set(mount, what);
  }
  return state;
}

/** What is another way than before, a line each. */
export function changes(before: HostState, after: HostState): string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was === is) return [];
    if (was === undefined) return [`${path} is new: ${is}`];
    return [is === undefined ? `${path} is gone; it was: ${was}` : `${path}: ${was} -> ${is}`];
  });
}
