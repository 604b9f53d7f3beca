import { readFile } from "node:fs/promises";

/** Annotation of a container that is removed when it has ended. */
export const removeAnnotation = "io.virtcontainers.virtc.remove";

/** Annotation that tells which process stays with a container and tidies up after it. */
export const clientAnnotation = "io.virtcontainers.virtc.client";

/** The client of a detached container. */
export const nobody = "nobody";

/** This process, in a form that no later process of the same pid has. */
export async function thisClient(): Promise<string> {
  return `${process.pid}:${await startTime(process.pid)}`;
}

/** True if the process that stayed with the container is gone. */
export async function isGone(client: string): Promise<boolean> {
  if (client === nobody) return true;
  const [, pid, start] = /^(\d+):(\d+)$/.exec(client) ?? [];
  return pid !== undefined && (await startTime(Number(pid))) !== start;
}

/** Field 22 of /proc/pid/stat (proc(5)); undefined if there is no such process. */
async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
