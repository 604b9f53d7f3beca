import { VerifiedBlob } from "../../../packages/virtcontainers/src/image/digest.ts";
import { invalidImage } from "../../../packages/virtcontainers/src/image/failure.ts";
import type { Archive } from "../../../packages/virtcontainers/src/image/source/blobs.ts";
import { readOciLayout } from "../../../packages/virtcontainers/src/image/source/oci-layout.ts";
import type { ImageSource } from "../../../packages/virtcontainers/src/image/source.ts";
import type { Random } from "../random.ts";
import { type Target, typed } from "../target.ts";
import { imageFiles } from "./image-files.ts";
import { pieces, unpack } from "./unpack.ts";

const { signal } = new AbortController();

export const ociLayout: Target = {
  reads: "an OCI layout: its index, manifest, configuration and layers",
  async open() {
    return {
      async feed(random) {
        const archive = archiveOf(random, imageFiles(random).layout);
        const name = random.pick([undefined, "app:1", "app", "other"]);
        const platform = { os: "linux", architecture: "amd64" };
        return await typed(async () => {
          const { source } = await readOciLayout(archive, platform, name, signal);
          await readLayers(source);
        });
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

function archiveOf(random: Random, files: ReadonlyMap<string, Buffer>): Archive {
  return {
    has: async (name) => files.has(name),
    async *open(name) {
      const bytes = files.get(name);
      if (bytes === undefined) throw invalidImage(`there is no file ${name}`);
      yield* pieces(random, bytes);
    },
  };
}

/** Reads the layers as an import does. */
export async function readLayers(source: ImageSource): Promise<void> {
  for (const { digest, size, open } of source.layers) {
    const expected = { ...(digest && { digest }), ...(size !== undefined && { size }) };
    const blob = new VerifiedBlob(open(signal), expected, "the layer");
    try {
      await unpack(blob.chunks(), false);
      await blob.finish();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && /^Z_/.test(String(error.code))))
        throw error;
      await blob.finish();
    } finally {
      await blob.close();
    }
  }
}
