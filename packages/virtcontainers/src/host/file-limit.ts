import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { hostError } from "./errno.ts";
import type { Processes } from "./host.ts";
import { isSame } from "./identity.ts";
import type { ProcessIdentity } from "./process-identity.ts";

const run = promisify(execFile);

/**
 * Only a process of the same user and group may change another's limits without a capability that
 * containers often lack, so the tool is run as them.
 */
export const raiseMaxFileBytes: Processes["raiseMaxFileBytes"] = (process, bytes) =>
  change(process, bytes, (limit) => limit < bytes);

export const lowerMaxFileBytes: Processes["lowerMaxFileBytes"] = (process, bytes) =>
  change(process, bytes, (limit) => limit > bytes);

async function change(
  process: ProcessIdentity,
  bytes: number,
  isWrong: (limit: number) => boolean,
): Promise<void> {
  try {
    if (!isWrong(limitOf(process))) return;
    const args = [`--pid=${process.pid}`, `--fsize=${bytes}:`];
    await run("prlimit", args, { ...ownerOf(process), env: { PATH: "/usr/bin:/bin" } });
  } catch (error) {
    if (isSame(process)) throw hostError(error, `changing the limits of process ${process.pid}`);
  }
}

function limitOf({ pid }: ProcessIdentity): number {
  const soft = /^Max file size +(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"))?.[1];
  return soft === undefined || soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function ownerOf({ pid }: ProcessIdentity): { uid?: number; gid?: number } {
  if (globalThis.process.geteuid?.() !== 0) return {};
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const id = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return { uid: id("Uid"), gid: id("Gid") };
}
