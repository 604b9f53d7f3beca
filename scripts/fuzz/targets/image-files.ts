import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { mutate } from "../mutate.ts";
import { mutateJson } from "../mutate-json.ts";
import type { Random } from "../random.ts";
import { readSeeds } from "../seeds.ts";
import { withChecksums } from "./unpack.ts";

export interface ImageFiles {
  /** By path in a layout, such as `index.json`. */
  layout: Map<string, Buffer>;
  /** By path in what `docker save` writes. */
  archive: Map<string, Buffer>;
}

const type = "application/vnd.oci.image";
const seeds = readSeeds("tar");

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** An image with one part changed, and the digests of what holds that part made right again. */
export function imageFiles(random: Random): ImageFiles {
  const changed = random.pick(["layer", "config", "manifest", "index", "list", "bytes"] as const);
  const json = (name: string, value: unknown): Buffer =>
    Buffer.from(JSON.stringify(name === changed ? mutateJson(random, value) : value) ?? "");
  const layout = new Map<string, Buffer>([
    ["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
  ]);
  const add = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    layout.set(`blobs/sha256/${digest.slice(7)}`, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const layers = [random.pick(seeds), random.pick(seeds)].map((seed, number) =>
    number === 0 && changed === "layer" ? withChecksums(random, mutate(random, [seed])) : seed,
  );
  const configuration = {
    os: "linux",
    architecture: "amd64",
    created: "2024-01-02T03:04:05Z",
    config: {
      Env: ["PATH=/bin", "A=b=c"],
      Entrypoint: ["/init"],
      Cmd: ["sh", "-c", "true"],
      WorkingDir: "/work",
      User: "1:2",
      ExposedPorts: { "80/tcp": {} },
      Volumes: { "/data": {} },
      Labels: { a: "b" },
      StopSignal: "SIGINT",
    },
    rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
  };
  const config = json("config", configuration);
  const manifest = json("manifest", {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: add(`${type}.config.v1+json`, config),
    layers: layers.map((layer) =>
      random.oneIn(2)
        ? add(`${type}.layer.v1.tar`, layer)
        : add(`${type}.layer.v1.tar+gzip`, gzipSync(layer, { level: 1 })),
    ),
  });
  const annotations = { "org.opencontainers.image.ref.name": "app:1" };
  const platform = { os: "linux", architecture: "amd64" };
  const described = { ...add(`${type}.manifest.v1+json`, manifest), annotations, platform };
  layout.set("index.json", json("index", { schemaVersion: 2, manifests: [described] }));
  const paths = layers.map((_layer, number) => `${number}/layer.tar`);
  const list = [{ Config: "config.json", RepoTags: ["app:1", "app:2"], Layers: paths }];
  const archive = new Map<string, Buffer>([["config.json", config]]);
  for (const [number, path] of paths.entries())
    archive.set(path, layers[number] ?? Buffer.alloc(0));
  archive.set("manifest.json", json("list", list));
  for (const files of [layout, archive]) {
    const [path, bytes] = random.pick([...files]);
    if (changed === "bytes") files.set(path, mutate(random, [bytes]));
  }
  return { layout, archive };
}
