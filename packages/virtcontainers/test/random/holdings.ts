import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What a process holds, after everything that can go has gone. */
export interface Holdings {
  descriptors: number;
  /** Sockets, pipes, children, watchers that keep it alive. */
  handles: number;
  heapMiB: number;
}

const maxDescriptors = 4;
const maxHeapMiB = 32;

export function holdings(): Holdings {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return {
    descriptors: readdirSync("/proc/self/fd").length,
    handles: process.getActiveResourcesInfo().filter((name) => /Wrap$|Watcher/.test(name)).length,
    heapMiB: Math.round((heapUsed + external) / 1024 / 1024),
  };
}

/** What has grown by more than can be on its way. */
export function grown(before: Holdings, after: Holdings): string[] {
  const most: Holdings = { descriptors: maxDescriptors, handles: 0, heapMiB: maxHeapMiB };
  const names = ["descriptors", "handles", "heapMiB"] as const;
  return names
    .filter((name) => after[name] > before[name] + most[name])
    .map((name) => `${after[name]} ${name} at the end, ${before[name]} at the beginning`);
}
