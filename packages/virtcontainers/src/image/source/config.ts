import * as v from "valibot";
import { digestHex } from "../digest.ts";
import { invalidImage } from "../failure.ts";
import type { ImageConfig } from "../image.ts";
import { check, parseJson } from "../manifest.ts";
import type { Platform } from "../platform.ts";

const text = v.pipe(
  v.string(),
  v.check((value) => !value.includes("\0"), "it must not contain NUL"),
);
const texts = v.nullish(v.array(text));
const keys = v.nullish(v.record(text, v.unknown()));

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
    }),
  ),
  rootfs: v.object({ diff_ids: v.nullish(v.array(v.string())) }),
});

export interface ConfigDocument {
  config: ImageConfig;
  platform: Platform;
  createdAt: string;
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
    },
    platform: {
      os: parsed.os || "linux",
      architecture: parsed.architecture ?? "",
      ...(parsed.variant && { variant: parsed.variant }),
    },
    createdAt: timestamp(parsed.created),
    diffIds,
  };
}

/** How a Dockerfile takes back the entry point of the image below: `ENTRYPOINT [""]`. */
function isReset(entrypoint: readonly string[] | null | undefined): boolean {
  return entrypoint?.length === 1 && entrypoint[0] === "";
}

/** The configuration of a plain root file system. */
export const emptyConfig: ImageConfig = {
  env: [],
  entrypoint: [],
  cmd: [],
  workingDir: "/",
  user: "",
  exposedPorts: [],
  volumes: [],
  labels: {},
  stopSignal: undefined,
};

function timestamp(created: string | null | undefined): string {
  const date = new Date(created ?? 0);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
