import { type HealthCheck, longestMs, shortestMs } from "../config/health-check.ts";
import type { ImageHealthcheck } from "../image/image.ts";
import type { StoredHealthCheck } from "../store/health.ts";

/** What the caller asks for goes before the image's; undefined where there is none. */
export function healthCheckOf(
  asked: HealthCheck | undefined,
  image: ImageHealthcheck | undefined,
): StoredHealthCheck | undefined {
  const [kind, ...rest] = asked?.test ?? image?.test ?? [];
  const args = kind === "CMD-SHELL" ? ["/bin/sh", "-c", rest[0] ?? ""] : rest;
  if ((kind !== "CMD" && kind !== "CMD-SHELL") || args.length === 0) return undefined;
  return {
    args,
    intervalMs: asked?.intervalMs ?? time(image?.intervalMs, 30_000),
    timeoutMs: asked?.timeoutMs ?? time(image?.timeoutMs, 30_000),
    retries: asked?.retries ?? Math.min(10_000, Math.max(1, Math.round(image?.retries ?? 3))),
    startPeriodMs: asked?.startPeriodMs ?? time(image?.startPeriodMs, 0, 0),
    startIntervalMs: asked?.startIntervalMs ?? 5_000,
  };
}

/** An image may say any number. */
function time(ms: number | undefined, usual: number, least = shortestMs): number {
  return Math.min(longestMs, Math.max(least, Math.round(ms ?? usual)));
}
