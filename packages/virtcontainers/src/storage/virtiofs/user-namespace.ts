import type { FileHandle } from "node:fs/promises";
import { VirtError } from "../../errors.ts";
import { pinReal } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import { userNamespace } from "../../host/user-namespace.ts";

// An ordinary user mounts in namespaces of his own, where he is root. They are those of the daemon that serves the
// mounts, and go with it: nothing is mounted on the host, and nothing has to be taken off there.

const toolMs = 20_000;
const otherFile = 9;

/**
 * Begins as root of new namespaces: what is mounted below $1 later appears in $2, read-only at its top, as on a host
 * where root mounts. The daemon's output is kept as far as $3 bytes go; a guest makes it say what it likes.
 */
const begin = `set -e
inside=$1 shared=$2 limit=$3
shift 3
mount --bind "$inside" "$inside"
mount --make-shared "$inside"
mount --bind -o ro,nosuid,nodev "$inside" "$shared"
mount --make-slave "$shared"
"$@" 2>&1 | { head -c "$limit"; exec cat > /dev/null; }`;

/** Mounts $1 on $2, if it is the file that it was ($3: device and inode), and never writable where it is not to be. */
const bind = `set -e
source=$1 target=$2 wanted=$3 options=$4
stage=$(mktemp -d)
mount -t tmpfs -o mode=700 tmpfs "$stage"
if [ -d "$source" ]; then mkdir "$stage/on"; else : > "$stage/on"; fi
mount --bind -o "$options" "$source" "$stage/on"
found=$(stat -c %d:%i "$stage/on")
if [ "$found" = "$wanted" ]; then mount --move "$stage/on" "$target"; result=0; else result=${otherFile}; fi
umount -l "$stage"
rmdir "$stage"
exit $result`;

const unbind = `cd "$1" || exit 0
for path in *; do umount -l "$path" 2>/dev/null; done
exit 0`;

/** The command that runs a daemon in namespaces of this user's own; they end with it. */
export async function inUserNamespace(
  host: Host,
  folders: { inside: string; shared: string; logBytes: number },
  daemon: readonly string[],
): Promise<{ path: string; args: string[] }> {
  const namespace = await userNamespace(host);
  if (namespace === undefined) {
    throw new VirtError("HOST_REQUIREMENT", "this user can't have user namespaces any more", {
      hint: "See user_namespaces(7): sysctl user.max_user_namespaces, and what forbids them to this user.",
    });
  }
  const { inside, shared, logBytes } = folders;
  const script = ["/bin/sh", "-c", begin, "sh", inside, shared, String(logBytes)];
  const args = [...namespace.options, "--fork", "--kill-child", ...script, ...daemon];
  return { path: namespace.path, args };
}

/** True if this user can mount in such namespaces. */
export async function canMountInside(host: Host): Promise<boolean> {
  if ((await host.processes.which("nsenter")) === undefined) return false;
  return (await userNamespace(host)) !== undefined;
}

/** Mounts a file or folder on another, in the namespaces of a daemon. HOST_FAILED. */
export async function bindInside(
  host: Host,
  daemon: ProcessIdentity,
  source: string,
  target: string,
  { readonly }: { readonly: boolean },
): Promise<void> {
  await using pinned: FileHandle = await pinReal(source);
  const { dev, ino } = await pinned.stat({ bigint: true });
  const options = `nosuid,nodev${readonly ? ",ro" : ""}`;
  const { code, stderr } = await inside(host, daemon, bind, [
    source,
    target,
    `${dev}:${ino}`,
    options,
  ]);
  if (code === 0) return;
  const why = code === otherFile ? "it was exchanged for another" : stderr.trim();
  throw new VirtError("HOST_FAILED", `sharing ${source} failed: ${why}`, {
    hint: "As an ordinary user only what has no other file systems mounted in it can be shared.",
  });
}

/** Takes all off that is mounted on what is in a folder, in the namespaces of a daemon. */
export async function unbindInside(
  host: Host,
  daemon: ProcessIdentity,
  folder: string,
): Promise<void> {
  await inside(host, daemon, unbind, [folder]);
}

async function inside(
  host: Host,
  daemon: ProcessIdentity,
  script: string,
  args: readonly string[],
) {
  if (!(await host.processes.isAlive(daemon))) {
    throw new VirtError("SHARE_DEAD", "the virtiofsd of the sandbox has ended", { phase: "share" });
  }
  const namespaces = ["--target", String(daemon.pid), "--user", "--mount"];
  const words = ["--preserve-credentials", "/bin/sh", "-c", script, "sh", ...args];
  return await host.processes.run(await tool(host, "nsenter"), [...namespaces, ...words], {
    timeoutMs: toolMs,
  });
}

async function tool(host: Host, name: string): Promise<string> {
  const path = await host.processes.which(name);
  if (path !== undefined) return path;
  throw new VirtError("HOST_REQUIREMENT", `${name} is missing`, {
    hint: "Install the package util-linux.",
  });
}
