import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { lowerMaxFileBytes, raiseMaxFileBytes } from "./file-limit.ts";
import { findByWord } from "./find-process.ts";
import { killGroup } from "./group.ts";
import type { Processes } from "./host.ts";
import { identify, isSame } from "./identity.ts";
import type { Libc } from "./libc.ts";
import { createRun } from "./run.ts";
import { sendSignal } from "./signal.ts";
import { spawnDetached } from "./spawn.ts";
import { usageOf } from "./usage.ts";
import { waitGone } from "./wait.ts";

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
    spawnDetached: (options) => spawnDetached(libc, options),
    run: createRun(libc),
    identify: async (pid) => identify(pid),
    isAlive: async (process) => isSame(process),
    usage: async (process) => usageOf(process),
    signal: async (process, name) => sendSignal(libc(), process, name),
    killGroup: async (leader, mark) => killGroup(libc(), leader, mark),
    waitGone: async (process, signal) => waitGone(libc(), process, signal),
    raiseMaxFileBytes,
    lowerMaxFileBytes,
    findByArgument: (marker, isOurs) => findByWord("cmdline", marker, isOurs),
    findByVariable: ({ name, value }, isOurs) => findByWord("environ", `${name}=${value}`, isOurs),
    which,
  };
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
