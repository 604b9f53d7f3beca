import { readdirSync } from "node:fs";
import { hostError, isErrno } from "./errno.ts";
import { hasWord } from "./find-process.ts";
import type { ProcessMark } from "./host.ts";
import { readStat } from "./identity.ts";
import type { Libc } from "./libc.ts";
import type { ProcessIdentity } from "./process-identity.ts";
import { sendSignal } from "./signal.ts";

/**
 * Kills the group that a process leads or has led. One of it is stopped first: as long as that one is there,
 * nobody else's group has its number.
 */
export function killGroup(libc: Libc, leader: ProcessIdentity, mark?: ProcessMark): void {
  if (sendSignal(libc, leader, "SIGSTOP") || stopMember(libc, leader, mark)) killAll(leader.pid);
}

function stopMember(libc: Libc, leader: ProcessIdentity, mark: ProcessMark | undefined): boolean {
  return membersLeft(leader, mark).some((member) => {
    if (!sendSignal(libc, member, "SIGSTOP")) return false;
    if (isMember(member.pid, leader)) return true;
    sendSignal(libc, member, "SIGCONT");
    return false;
  });
}

function killAll(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    if (isErrno(error, "ESRCH")) return;
    throw hostError(error, `killing the process group ${group}`);
  }
}

/** Of a group whose leader has ended. A number that is another process's by now was free, so nobody was left. */
function membersLeft(leader: ProcessIdentity, mark: ProcessMark | undefined): ProcessIdentity[] {
  const now = readStat(leader.pid)?.[19];
  if (now !== undefined && now !== leader.startTime) return [];
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || !isMember(pid, leader)) return [];
    if (mark !== undefined && !hasWord(pid, "environ", `${mark.name}=${mark.value}`)) return [];
    return [{ pid, startTime: readStat(pid)?.[19] ?? "" }];
  });
}

/** It leads a session of its own, too, so its group is that of nobody else. proc(5): pgrp, session, starttime. */
function isMember(pid: number, leader: ProcessIdentity): boolean {
  const fields = readStat(pid);
  return (
    fields?.[2] === String(leader.pid) &&
    fields[3] === String(leader.pid) &&
    Number(fields[19]) >= Number(leader.startTime)
  );
}
