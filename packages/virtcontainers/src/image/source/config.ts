import * as v from "valibot";
import { digestHex } from "../digest.ts";
import { invalidImage } from "../failure.ts";
import type { ImageConfig, ImageHealthcheck } from "../image.ts";
import { check, parseJson } from "../manifest.ts";
import type { Platform } from "../platform.ts";
import type { SourceHistory } from "../source.ts";

const text = v.pipe(
  v.string(),
  v.check((value) => !value.includes("\0"), "it must not contain NUL"),
);
const texts = v.nullish(v.array(text));
const keys = v.nullish(v.record(text, v.unknown()));

const nanoseconds = v.nullish(v.number());

const healthcheck = v.object({
  Test: texts,
  Interval: nanoseconds,
  Timeout: nanoseconds,
  StartPeriod: nanoseconds,
  Retries: v.nullish(v.number()),
});

const history = v.object({
  created: v.nullish(text),
  created_by: v.nullish(text),
  author: v.nullish(text),
  comment: v.nullish(text),
  empty_layer: v.nullish(v.boolean()),
});

const document = v.object({
  os: v.nullish(text),
  architecture: v.nullish(text),
  variant: v.nullish(text),
  created: v.nullish(text),
  config: v.nullish(
    v.object({
      Env: texts,
      Entrypoint: texts,
      Cmd: texts,
      WorkingDir: v.nullish(text),
      User: v.nullish(text),
      ExposedPorts: keys,
      Volumes: keys,
      Labels: v.nullish(v.record(text, text)),
      StopSignal: v.nullish(v.union([text, v.pipe(v.number(), v.integer())])),
      Healthcheck: v.nullish(healthcheck),
    }),
  ),
  history: v.nullish(v.array(history)),
  rootfs: v.object({ diff_ids: v.nullish(v.array(v.string())) }),
});

export interface ConfigDocument {
  config: ImageConfig;
  platform: Platform;
  createdAt: string;
  history: readonly SourceHistory[];
  /** Digests of the unpacked layers, in their order. */
  diffIds: readonly string[];
}

/** Reads an image's configuration (OCI image spec, config.md). IMAGE_INVALID. */
export function parseConfig(bytes: Buffer, layers: number): ConfigDocument {
  const what = "the image's configuration";
  const parsed = check(document, parseJson(bytes, what), what);
  const diffIds = parsed.rootfs.diff_ids ?? [];
  if (diffIds.length !== layers) {
    throw invalidImage(`${what} lists ${diffIds.length} layers, but its manifest ${layers}`);
  }
  diffIds.forEach(digestHex);
  const { config } = parsed;
  return {
    config: {
      env: config?.Env ?? [],
      entrypoint: isReset(config?.Entrypoint) ? [] : (config?.Entrypoint ?? []),
      cmd: config?.Cmd ?? [],
      workingDir: config?.WorkingDir || "/",
      user: config?.User ?? "",
      exposedPorts: Object.keys(config?.ExposedPorts ?? {}),
      volumes: Object.keys(config?.Volumes ?? {}),
      labels: config?.Labels ?? {},
      stopSignal: config?.StopSignal ? String(config.StopSignal) : undefined,
      ...(config?.Healthcheck?.Test?.length && { healthcheck: healthOf(config.Healthcheck) }),
    },
    platform: {
      os: parsed.os || "linux",
      architecture: parsed.architecture ?? "",
      ...(parsed.variant && { variant: parsed.variant }),
    },
    createdAt: timestamp(parsed.created),
    history: (parsed.history ?? []).map(historyOf),
    diffIds,
  };
}

function healthOf(check: v.InferOutput<typeof healthcheck>): ImageHealthcheck {
  const { Test, Interval, Timeout, StartPeriod, Retries } = check;
  return {
    test: Test ?? [],
    ...(Interval && Interval > 0 && { intervalMs: Interval / 1e6 }),
    ...(Timeout && Timeout > 0 && { timeoutMs: Timeout / 1e6 }),
    ...(StartPeriod && StartPeriod > 0 && { startPeriodMs: StartPeriod / 1e6 }),
    ...(Retries && Retries > 0 && { retries: Retries }),
  };
}

function historyOf(step: v.InferOutput<typeof history>): SourceHistory {
  return {
    emptyLayer: step.empty_layer ?? false,
    ...(step.created && { createdAt: timestamp(step.created) }),
    ...(step.created_by && { createdBy: step.created_by }),
    ...(step.author && { author: step.author }),
    ...(step.comment && { comment: step.comment }),
  };
}

/** How a Dockerfile takes back the entry point of the image below: `ENTRYPOINT [""]`. */
function isReset(entrypoint: readonly string[] | null | undefined): boolean {
  return entrypoint?.length === 1 && entrypoint[0] === "";
}

function timestamp(created: string | null | undefined): string {
  const date = new Date(created ?? 0);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
