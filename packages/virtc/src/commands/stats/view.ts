import type { View } from "../../listing/view.ts";
import { bytes, memory } from "../../output/human.ts";
import type { StatsRow } from "./rows.ts";

/** What templates can name of the statistics: the fields that docker's have. */
export const statsView: View<StatsRow> = {
  Container: { header: "CONTAINER", of: nameOf },
  ID: { header: "CONTAINER ID", of: ({ sandbox }) => sandbox },
  Name: { header: "NAME", of: nameOf },
  CPUPerc: { header: "CPU %", of: ({ cpuPercent }) => percent(cpuPercent) },
  MemUsage: {
    header: "MEM USAGE / LIMIT",
    of: ({ memoryBytes, memoryLimitBytes }) => pair(memoryBytes, memoryLimitBytes, memory),
  },
  MemPerc: { header: "MEM %", of: ({ memoryPercent }) => percent(memoryPercent) },
  NetIO: {
    header: "NET I/O",
    of: ({ receivedBytes, sentBytes }) => pair(receivedBytes, sentBytes, bytes),
  },
  BlockIO: {
    header: "BLOCK I/O",
    of: ({ readBytes, writtenBytes }) => pair(readBytes, writtenBytes, bytes),
  },
  PIDs: { header: "PIDS", of: ({ pids }) => shown(pids, String) },
};

/** One of several containers of a sandbox is called after it too, as in `ps`. */
function nameOf({ sandbox, container }: StatsRow): string {
  return container === undefined || container === sandbox ? sandbox : `${sandbox}/${container}`;
}

function percent(value: number | null): string {
  return shown(value, (number) => `${number.toFixed(2)}%`);
}

function pair(
  first: number | null,
  second: number | null,
  format: (value: number) => string,
): string {
  return `${shown(first, format)} / ${shown(second, format)}`;
}

/** As docker shows what it does not know. */
export function shown(value: number | null, format: (value: number) => string): string {
  return value === null ? "--" : format(value);
}
