import { MAX_LOG_PAYLOAD_BYTES } from "@virtcontainers/agent-protocol/ports";
import { defaults } from "../hypervisor/defaults.ts";

const mebibyte = 1024 * 1024;
/** What the log keeps for the ends of containers and commands, beyond their output. */
const reserve = 64 * 1024;
/** What stands around the output of a record, and before the first one of a disk, at most. */
const around = 2 * 1024;

/** How many bytes a guest's log takes before output is lost. */
export function logLimitBytes(logLimitMiB: number = defaults.logLimitMiB): number {
  return logLimitMiB * mebibyte - reserve;
}

/** Whether a log of so many bytes may have had no room for more output. */
export function isLogFull(bytes: number, limitBytes: number): boolean {
  return bytes > limitBytes - MAX_LOG_PAYLOAD_BYTES - around;
}
