import * as v from "valibot";

export const healthStatuses = ["starting", "healthy", "unhealthy"] as const;
/** `starting`: no run went well yet, and not enough failed. */
export type HealthStatus = (typeof healthStatuses)[number];

/** One run of a health check. */
export interface HealthResult {
  /** ISO 8601, by the guest's clock. */
  startedAt: string;
  endedAt: string;
  /** -1: it could not be run, or took too long. */
  exitCode: number;
  /** The first 4096 characters of what it wrote, or why it could not be run. */
  output: string;
}

/** What the health check of a container tells. */
export interface ContainerHealth {
  status: HealthStatus;
  /** Failures in a row, up to the last run. */
  failingStreak: number;
  /** The last five runs, the oldest first. */
  results: HealthResult[];
}

export const ContainerHealthSchema = v.object({
  status: v.picklist(healthStatuses),
  failingStreak: v.number(),
  results: v.array(
    v.object({
      startedAt: v.string(),
      endedAt: v.string(),
      exitCode: v.number(),
      output: v.string(),
    }),
  ),
});

/** A health check as the guest is told, every default filled in. */
export interface StoredHealthCheck {
  args: string[];
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  startPeriodMs: number;
  startIntervalMs: number;
}

export const StoredHealthCheckSchema = v.object({
  args: v.array(v.string()),
  intervalMs: v.number(),
  timeoutMs: v.number(),
  retries: v.number(),
  startPeriodMs: v.number(),
  startIntervalMs: v.number(),
});
