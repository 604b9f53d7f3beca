import { readFile } from "node:fs/promises";
import { sum } from "./stats.ts";

/** Memory of processes in MiB, with shared pages counted in parts: Pss of proc(5), smaps_rollup. */
export async function pssMiB(pids: readonly number[]): Promise<number> {
  return sum(await Promise.all(pids.map(pssOf)));
}

async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const [, kibibytes] = /^Pss:\s+(\d+) kB$/m.exec(text) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup tells no Pss`);
  return Number(kibibytes) / 1024;
}
