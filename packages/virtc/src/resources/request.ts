import type { LinuxResources } from "virtcontainers";
import { parseCpus } from "../args/cpus.ts";
import { optional } from "../args/optional.ts";
import { parseSize } from "../args/size.ts";
import { parseWhole } from "../args/whole.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import type { ResourceOptions } from "./options.ts";

/** What cpu.max of a cgroup has where nothing else is said. */
export const usualPeriod = 100_000;

/** The limits of a container that are asked for; undefined if there are none. */
export function parseResources(options: ResourceOptions): LinuxResources | undefined {
  const cpu = parseCpu(options);
  const memory = defined({
    limit: optional(options.memory, (text) => parseSize("--memory", text)),
    reservation: optional(options.memoryReservation, (text) =>
      parseSize("--memory-reservation", text),
    ),
    swap: optional(options.memorySwap, (text) =>
      text === "-1" ? -1 : parseSize("--memory-swap", text),
    ),
  });
  return defined({ cpu, memory, pids: optional(options.pidsLimit, parsePids) });
}

function parsePids(text: string): { limit: number } {
  if (text === "-1") return { limit: -1 };
  return { limit: parseWhole("--pids-limit", text, 1, 4_194_304, ", or -1 for no limit") };
}

function parseCpu(options: ResourceOptions): LinuxResources["cpu"] {
  const { cpus, cpuQuota, cpuPeriod } = options;
  checkCpus(options);
  return defined({
    quota: optional(cpuQuota, (text) =>
      text === "-1" ? -1 : parseWhole("--cpu-quota", text, 1000, 2 ** 40, ", or -1 for no limit"),
    ),
    period: optional(cpuPeriod, (text) => parseWhole("--cpu-period", text, 1000, 1_000_000)),
    shares: optional(options.cpuShares, (text) => parseWhole("--cpu-shares", text, 2, 262_144)),
    cpus: optional(options.cpusetCpus, (text) => parseList("--cpuset-cpus", text)),
    mems: optional(options.cpusetMems, parseNodes),
    ...optional(cpus, timeOf),
  });
}

/** Refuses options that say the same thing twice. */
export function checkCpus({ cpus, cpuQuota, cpuPeriod }: ResourceOptions): void {
  if (cpus === undefined || (cpuQuota === undefined && cpuPeriod === undefined)) return;
  throw new UsageError(
    "--cpus can't be used with --cpu-quota or --cpu-period: it stands for both of them",
  );
}

function timeOf(text: string): { quota: number; period: number } {
  const { numVCPUs, limit } = parseCpus("--cpus", text);
  return limit ?? { quota: numVCPUs * usualPeriod, period: usualPeriod };
}

function parseList(option: string, text: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw badValue(option, text, "it must be a list of numbers and ranges, such as 0-2,4");
}

function parseNodes(text: string): string {
  if (/^(0|0-0)$/.test(text)) return text;
  throw badValue("--cpuset-mems", text, "a VM has one memory node, 0");
}

/** The object without its undefined fields; undefined if nothing is left. */
function defined<T extends object>(fields: T): T | undefined {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return entries.length === 0 ? undefined : fields;
}
