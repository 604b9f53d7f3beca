/** One process, as `top --json` prints it. */
export interface ProcessRow {
  /** In the guest, as its parent's. */
  pid: number;
  ppid: number;
  user: string;
  state: string;
  cpuPercent: number;
  memoryKiB: number;
  command: string;
}

/** What ps(1) is to print for `rowsOf`: the command comes last, for it may have spaces. */
export const rowsArguments = ["-o", "pid,ppid,user,s,pcpu,rss,args", "--no-headers"] as const;

const line = /^ *(\d+) +(\d+) +(\S+) +(\S+) +([\d.]+) +(\d+) +(.*)$/;

/** The processes in what ps has printed. */
export function rowsOf(text: string): ProcessRow[] {
  return text.split("\n").flatMap((row) => {
    const [, pid, ppid, user, state, cpu, rss, command] = line.exec(row) ?? [];
    if (user === undefined || state === undefined || command === undefined) return [];
    const numbers = { pid: Number(pid), ppid: Number(ppid), cpuPercent: Number(cpu) };
    return [{ ...numbers, user, state, memoryKiB: Number(rss), command }];
  });
}
