import { closeSync, constants } from "node:fs";
import { access, readdir, readFile, stat } from "node:fs/promises";
import { constants as os } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { hostError, isErrno } from "./errno.ts";
import { raiseMaxFileBytes } from "./file-limit.ts";
import type { Processes, ProcessIdentity } from "./host.ts";
import { identify, isSame } from "./identity.ts";
import type { Libc } from "./libc.ts";
import { run } from "./run.ts";
import { spawnDetached } from "./spawn.ts";
import { usageOf } from "./usage.ts";
import { openPidfd, waitGone } from "./wait.ts";

/** Where tools are that PATH may lack: an unprivileged PATH has no sbin, and virtiofsd is in neither. */
const systemFolders = [
  "/usr/local/sbin",
  "/usr/local/bin",
  "/usr/sbin",
  "/usr/bin",
  "/sbin",
  "/bin",
  "/usr/lib/qemu",
  "/usr/libexec",
];

export function createProcesses(libc: () => Libc): Processes {
  return {
    spawnDetached,
    run,
    identify: async (pid) => identify(pid),
    isAlive: async (process) => isSame(process),
    usage: async (process) => usageOf(process),
    signal: async (process, name) => sendSignal(libc(), process, name),
    killGroup: async (process) => killGroup(libc(), process),
    waitGone: async (process, signal) => waitGone(libc(), process, signal),
    raiseMaxFileBytes,
    findByArgument: (marker) => findByWord("cmdline", marker),
    findByVariable: (name, value) => findByWord("environ", `${name}=${value}`),
    which,
  };
}

/** Through a pidfd, so that a pid given to another process in between is never hit. */
function sendSignal(libc: Libc, target: ProcessIdentity, name: NodeJS.Signals | 0): boolean {
  const pidfd = openPidfd(libc, target);
  if (pidfd === undefined) return false;
  try {
    libc.pidfdSendSignal(pidfd, name === 0 ? 0 : os.signals[name]);
    return true;
  } catch (error) {
    if (!isSame(target)) return false;
    throw hostError(error, `sending ${name} to process ${target.pid}`);
  } finally {
    closeSync(pidfd);
  }
}

/** Stopped first: as long as the leader is there, nobody else's group has its number. */
function killGroup(libc: Libc, leader: ProcessIdentity): void {
  if (!sendSignal(libc, leader, "SIGSTOP")) return;
  try {
    process.kill(-leader.pid, "SIGKILL");
  } catch (error) {
    if (isErrno(error, "ESRCH")) return;
    throw hostError(error, `killing the process group ${leader.pid}`);
  }
}

async function findByWord(file: "cmdline" | "environ", word: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    // A process that ends while it is looked at is none.
    const line = await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => "");
    if (!line.split("\0").includes(word)) continue;
    const identity = identify(pid);
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

async function which(name: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await isExecutable(name)) ? name : undefined;
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  for (const folder of [...folders, ...systemFolders]) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
