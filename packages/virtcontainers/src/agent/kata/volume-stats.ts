import type { VolumeStatsResponse } from "@virtcontainers/agent-protocol";
import { Unit } from "@virtcontainers/agent-protocol";
import type { VolumeStats, VolumeUsage } from "../volume-stats.ts";
import { count, shortText } from "./sanitize.ts";

const units = new Map<Unit, VolumeUsage["unit"]>([
  [Unit.BYTES, "bytes"],
  [Unit.INODES, "inodes"],
]);
/** There is one of bytes and one of inodes. */
const maxUsages = 16;

export function volumeStats({ usage, volumeCondition }: VolumeStatsResponse): VolumeStats {
  return {
    usage: usage.slice(0, maxUsages).map(({ available, total, used, unit }) => ({
      available: count(available),
      total: count(total),
      used: count(used),
      unit: units.get(unit) ?? "unknown",
    })),
    condition: volumeCondition && {
      abnormal: volumeCondition.abnormal,
      message: shortText(volumeCondition.message),
    },
  };
}
