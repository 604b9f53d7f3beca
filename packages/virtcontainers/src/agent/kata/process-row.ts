import type { ProcessRow as GuestRow } from "@virtcontainers/agent-protocol";
import { printable } from "../../errors.ts";
import type { ProcessRow } from "../agent.ts";
import { count, shortText } from "./sanitize.ts";

/** The longest command line that is shown, in characters. */
const maxArgs = 4096;

/** A row of the guest's table; a process chooses its own name and arguments, so they may be anything. */
export function processRow(row: GuestRow): ProcessRow {
  return {
    pid: row.pid,
    nsPid: row.nsPid,
    ppid: row.ppid,
    uid: row.uid,
    user: oneLine(shortText(row.user)),
    tty: oneLine(shortText(row.tty)),
    state: oneLine(row.state.slice(0, 1)),
    startTimeS: count(row.startTimeS),
    cpuMs: count(row.cpuMs),
    rssKib: count(row.rssKib),
    vszKib: count(row.vszKib),
    threads: row.threads,
    comm: oneLine(shortText(row.comm)),
    args: shownArgs(row.args),
  };
}

/** Arguments of a process as far as they are shown. */
export function shownArgs(args: readonly string[]): string[] {
  let room = maxArgs;
  const shown: string[] = [];
  for (const arg of args) {
    if (room <= 0) break;
    shown.push(oneLine(arg.slice(0, room)));
    room -= arg.length + 1;
  }
  return shown;
}

/** A line of a table has no line ends in it. */
function oneLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, "?");
}
