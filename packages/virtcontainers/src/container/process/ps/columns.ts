import type { ProcessRow } from "../../../agent/agent.ts";
import { clock, elapsed, minutes, startTime, timeOfDay } from "./time.ts";

/** What the rows are seen against. */
export interface Moment {
  /** Seconds since 1970. */
  nowS: number;
  /** Memory of the guest. */
  memoryKib: number;
}

/** One column of ps: its head, its side, and what of a process stands in it. */
export interface Column {
  head: string;
  right: boolean;
  show: (row: ProcessRow, moment: Moment) => string;
}

type Show = Column["show"];

const right = (head: string, show: Show): Column => ({ head, right: true, show });
const left = (head: string, show: Show): Column => ({ head, right: false, show });

const user = left("USER", (row) => row.user || String(row.uid));
const tty = left("TTY", (row) => row.tty || "?");
const state = left("S", (row) => row.state);
const command: Show = (row) => (row.args.length > 0 ? row.args.join(" ") : `[${row.comm}]`);
const cmd = left("CMD", command);
const time = right("TIME", (row) => clock(row.cpuMs));
const cpuPercent = right("%CPU", (row, moment) => percent(cpuShare(row, moment)));
const memoryPercent = right("%MEM", (row, { memoryKib }) => percent(row.rssKib / memoryKib));
const rss = right("RSS", (row) => String(row.rssKib));
const vsz = right("VSZ", (row) => String(row.vszKib));
const pid = right("PID", (row) => String(row.pid));
const ppid = right("PPID", (row) => String(row.ppid));
const comm = left("COMMAND", (row) => row.comm);
const args = left("COMMAND", command);
const stime = left("STIME", (row, { nowS }) => startTime(row.startTimeS, nowS));
const threads = right("NLWP", (row) => String(row.threads));

/** The columns of `ps -o`, by their names in ps(1); `nspid` is the pid that the container itself sees. */
export const columns: Readonly<Record<string, Column>> = {
  pid,
  ppid,
  nspid: right("NSPID", (row) => String(row.nsPid)),
  uid: right("UID", (row) => String(row.uid)),
  user,
  euser: { ...user, head: "EUSER" },
  ruser: { ...user, head: "RUSER" },
  uname: user,
  tty,
  tt: { ...tty, head: "TT" },
  tname: tty,
  s: state,
  state,
  stat: { ...state, head: "STAT" },
  time,
  cputime: time,
  etime: right("ELAPSED", (row, { nowS }) => elapsed(nowS - row.startTimeS)),
  start: left("STARTED", (row) => timeOfDay(row.startTimeS)),
  stime,
  start_time: { ...stime, head: "START" },
  c: right("C", (row, moment) => String(Math.floor(cpuShare(row, moment) * 100))),
  pcpu: cpuPercent,
  "%cpu": cpuPercent,
  pmem: memoryPercent,
  "%mem": memoryPercent,
  rss,
  rssize: rss,
  vsz,
  vsize: vsz,
  nlwp: threads,
  thcount: { ...threads, head: "THCNT" },
  comm,
  ucmd: { ...comm, head: "CMD" },
  args,
  command: args,
  cmd,
};

/** As `ps -f`, `ps u` and plain `ps` show them. */
export const layouts = {
  full: [{ ...user, head: "UID" }, pid, ppid, column("c"), stime, tty, time, cmd],
  user: [
    user,
    pid,
    cpuPercent,
    memoryPercent,
    vsz,
    rss,
    tty,
    column("stat"),
    column("start_time"),
    right("TIME", (row) => minutes(row.cpuMs)),
    args,
  ],
  short: [pid, tty, time, { ...comm, head: "CMD" }],
} satisfies Record<string, Column[]>;

function column(name: "c" | "stat" | "start_time"): Column {
  const found = columns[name];
  if (found === undefined) throw new Error(`there is no column ${name}`);
  return found;
}

/** How much of one CPU it has used over its life: 1 is all of it. */
function cpuShare({ cpuMs, startTimeS }: ProcessRow, { nowS }: Moment): number {
  return cpuMs / 1000 / Math.max(1, nowS - startTimeS);
}

function percent(share: number): string {
  return (share * 100).toFixed(1);
}
