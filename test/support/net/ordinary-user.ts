import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { firstLine } from "./namespace.ts";

/** A user without any rights, who makes his own namespaces. */
export const uid = 65_534;

const tun =
  "mount -t tmpfs -o mode=755 none /dev/net && mknod -m 666 /dev/net/tun c 10 200 && echo ready && exec sleep infinity";

/** Whether this machine lets root become that user, and him have user namespaces. */
export function canBeOrdinary(file: string): boolean {
  const as = { uid, gid: uid, cwd: "/" } as const;
  return (
    process.getuid?.() === 0 &&
    spawnSync("test", ["-r", file], as).status === 0 &&
    spawnSync("unshare", ["--user", "--map-root-user", "true"], as).status === 0
  );
}

/**
 * An ordinary user of a host whose /dev/net/tun is for all users, as udev makes it: what is changed for that is changed
 * in a mount namespace alone.
 */
export class OrdinaryUser implements AsyncDisposable {
  readonly uid = uid;
  /** What stands before his programs. */
  readonly prefix: readonly string[];
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
    const become = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
    this.prefix = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, "--", ...become];
  }

  static async create(): Promise<OrdinaryUser> {
    const bound = ["--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"];
    const holder = spawn("setpriv", [...bound, "sh", "-c", tun], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await firstLine(holder);
    return new OrdinaryUser(holder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#holder, "exit");
    this.#holder.kill("SIGKILL");
    await ended;
  }
}

/** What still runs of the programs that have a variable of this value; one that has ended and that nobody awaits does not. */
export function processesWith(name: string, value: string): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (!environment.includes(`${name}=${value}`)) return [];
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
    } catch {
      return [];
    }
  });
}
