import { fileURLToPath } from "node:url";
import { debianPackages } from "../apt.ts";
import { cached } from "../cache.ts";
import { hashOf } from "../hash.ts";
import { repository } from "../paths.ts";
import type { Progress } from "../progress.ts";
import { run } from "../run.ts";
import type { Wrap } from "../suites.ts";

/** The releases of Debian that tests are run on beside that of this machine. */
export const hosts = ["trixie", "sid"] as const;
export type DebianHost = (typeof hosts)[number];

/** What a VM needs there, and the tests themselves. */
const forTests = [
  ...["qemu-system-common", "gcc", "libc6-dev", "busybox-static", "bsdutils", "tmux"],
  ...["procps", "iproute2", "uidmap"],
];

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Words before a command that give it namespaces of its own for mounts and processes. Both end with it, and it ends
 * with this process, also when this one is killed.
 */
const alone = [
  ...["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"],
  "--kill-child",
] as const;

/** A folder with a release of Debian in which tests can run; made the first time. */
export async function hostFolder(host: DebianHost, progress: Progress): Promise<string> {
  const { runtime } = await debianPackages("13");
  const packages = [...new Set([...runtime, ...forTests])].sort();
  const key = `${host}-${hashOf(...packages).slice(0, 16)}`;
  return await cached("hosts", key, async (target) => {
    const words = [script("make.sh"), target, host, await mirror(), ...packages];
    const [program = "", ...args] = [...alone, ...words];
    await progress.step(`making a folder with Debian's ${host}`, (onLine) =>
      run(program, args, { onLine }),
    );
  });
}

/** Lets a command run on such a folder; its scratch folder is seen in there by its own path. */
export function onHost(folder: string): Wrap {
  return (command, scratch) => {
    const enter = [script("enter.sh"), folder, scratch, repository, process.execPath];
    return [...alone, ...enter, ...command];
  };
}

/** What tells a host's versions of what matters here apart. */
export async function versions(folder: string): Promise<string> {
  const ask = async (path: string) => {
    const text = await run("chroot", [folder, path, "--version"]);
    return /\d+\.\d+\.\d+/.exec(text)?.[0] ?? "of no known version";
  };
  const qemu = await ask("/usr/bin/qemu-system-x86_64");
  return `QEMU ${qemu}, virtiofsd ${await ask("/usr/libexec/virtiofsd")}`;
}

/** Where this machine's own Debian packages come from. */
async function mirror(): Promise<string> {
  const text = await run("apt-get", ["indextargets", "--format", "$(LABEL) $(REPO_URI)"]);
  const uri = /^Debian (https?:\S+)$/m.exec(text)?.[1];
  return uri ?? "http://deb.debian.org/debian";
}
