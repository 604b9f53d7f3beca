import { digestOf } from "../digest.ts";
import type { ImageConfig, ImageHistory } from "../image.ts";
import type { ImageRecord } from "../store/record.ts";

/** A document with its digest. */
export interface Document {
  bytes: Buffer;
  digest: string;
}

export function documentOf(content: unknown): Document {
  const bytes = Buffer.from(JSON.stringify(content));
  return { bytes, digest: digestOf(bytes) };
}

/** The configuration of an image that has one layer (OCI image spec, config.md). */
export function configDocument(record: ImageRecord, diffId: string): Document {
  const { os, architecture, variant } = record.platform;
  return documentOf({
    created: record.createdAt,
    architecture,
    ...(variant !== undefined && { variant }),
    os,
    config: dockerConfig({ ...record.config, stopSignal: record.config.stopSignal }),
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: squashed(record.history ?? [{ createdAt: record.createdAt }]),
  });
}

/** The manifest of such an image (OCI image spec, manifest.md). */
export function manifestDocument(
  config: Document,
  layer: { mediaType: string; digest: string; size: number },
): Document {
  return documentOf({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: config.digest, size: config.bytes.length },
    layers: [layer],
  });
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";
export const layerType = "application/vnd.oci.image.layer.v1.tar";

/** With the names that Docker gave the fields. */
export function dockerConfig(config: ImageConfig): Record<string, unknown> {
  const { healthcheck } = config;
  const list = (texts: readonly string[]) => (texts.length === 0 ? undefined : texts);
  const keys = (texts: readonly string[]) =>
    texts.length === 0 ? undefined : Object.fromEntries(texts.map((text) => [text, {}]));
  const nanoseconds = (ms: number | undefined) => (ms === undefined ? undefined : ms * 1e6);
  return {
    User: config.user || undefined,
    ExposedPorts: keys(config.exposedPorts),
    Env: list(config.env),
    Entrypoint: list(config.entrypoint),
    Cmd: list(config.cmd),
    Volumes: keys(config.volumes),
    WorkingDir: config.workingDir,
    Labels: Object.keys(config.labels).length > 0 ? config.labels : undefined,
    StopSignal: config.stopSignal,
    Healthcheck: healthcheck && {
      Test: healthcheck.test,
      Interval: nanoseconds(healthcheck.intervalMs),
      Timeout: nanoseconds(healthcheck.timeoutMs),
      StartPeriod: nanoseconds(healthcheck.startPeriodMs),
      Retries: healthcheck.retries,
    },
  };
}

/** All steps remain; the last one that made a layer has made the only one. */
function squashed(history: readonly ImageHistory[]): unknown[] {
  const made = history.findLastIndex((step) => step.sizeBytes !== undefined);
  const last = made === -1 ? history.length - 1 : made;
  return history.map((step, number) => ({
    created: step.createdAt,
    created_by: step.createdBy,
    author: step.author,
    comment: step.comment,
    ...(number !== last && { empty_layer: true }),
  }));
}
