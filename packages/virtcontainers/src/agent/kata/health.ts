import { type HealthState, HealthStatus } from "@virtcontainers/agent-protocol";
import { guestTime } from "../../guest-time.ts";
import type { ContainerHealth, StoredHealthCheck } from "../../store/health.ts";
import type { KataCalls } from "./calls.ts";

const mostResults = 5;
const longestOutput = 4096;

const names = {
  [HealthStatus.STARTING]: "starting",
  [HealthStatus.HEALTHY]: "healthy",
  [HealthStatus.UNHEALTHY]: "unhealthy",
} as const;

export async function setHealthCheck(
  calls: KataCalls,
  containerId: string,
  { intervalMs, timeoutMs, startPeriodMs, startIntervalMs, args, retries }: StoredHealthCheck,
  signal: AbortSignal,
): Promise<void> {
  const request = {
    containerId,
    args,
    retries,
    intervalMs: BigInt(intervalMs),
    timeoutMs: BigInt(timeoutMs),
    startPeriodMs: BigInt(startPeriodMs),
    startIntervalMs: BigInt(startIntervalMs),
  };
  await calls.call("SetHealthCheck", { containerId }, signal, (options) =>
    calls.extension.setHealthCheck(request, options),
  );
}

/** What the guest tells of a container, no more than the contract has of it. */
export function healthOf(state: HealthState | undefined): ContainerHealth | undefined {
  if (state === undefined || state.status === HealthStatus.HEALTH_UNSPECIFIED) return undefined;
  const status = names[state.status];
  if (status === undefined) return undefined;
  return {
    status,
    failingStreak: state.failingStreak,
    results: state.results.slice(-mostResults).map((result) => ({
      startedAt: guestTime(result.beganAtNs).toISOString(),
      endedAt: guestTime(result.endedAtNs).toISOString(),
      exitCode: result.exitCode,
      output: result.output.slice(0, longestOutput),
    })),
  };
}
