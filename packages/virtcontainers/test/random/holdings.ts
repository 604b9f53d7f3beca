import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What a process holds, after everything that can go has gone. */
export interface Holdings {
  descriptors: number;
  /** The kinds of sockets, pipes, children, watchers that keep it alive. */
  handles: readonly string[];
  heapMiB: number;
}

const maxDescriptors = 4;
const maxHeapMiB = 32;

export function holdings(): Holdings {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().filter((kind) => /Wrap$|Watcher/.test(kind)),
    heapMiB: Math.round((heapUsed + external) / 1024 / 1024),
  };
}

/** What has grown by more than can be on its way. */
export function grown(before: Holdings, after: Holdings): string[] {
  const told: string[] = [];
  if (after.descriptors > before.descriptors + maxDescriptors)
    told.push(`${after.descriptors} descriptors, ${before.descriptors} at the beginning`);
  if (after.handles.length > before.handles.length)
    told.push(`the handles ${after.handles}, at the beginning ${before.handles}`);
  if (after.heapMiB > before.heapMiB + maxHeapMiB)
    told.push(`${after.heapMiB} MiB of memory, ${before.heapMiB} MiB at the beginning`);
  return told;
}
