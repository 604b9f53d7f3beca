import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHost } from "../../../packages/virtcontainers/src/host/real.ts";
import { tarArchive } from "../../../packages/virtcontainers/src/image/source/blobs.ts";
import { readDockerArchive } from "../../../packages/virtcontainers/src/image/source/docker-archive.ts";
import { createImages } from "../../../packages/virtcontainers/src/image/store.ts";
import { makeTar } from "../../../test/support/tar.ts";
import { mutate } from "../mutate.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";
import { imageFiles } from "./image-files.ts";
import { readLayers } from "./oci-layout.ts";
import { withChecksums } from "./unpack.ts";

const { signal } = new AbortController();

export const dockerArchive: Target = {
  reads: "what docker save writes; one in fifty is imported into a store",
  async open() {
    const folder = await TemporaryFolder.make();
    const path = join(folder.path, "archive.tar");
    const images = createImages({ host: createHost(), dataDir: join(folder.path, "data") });
    return {
      async feed(random) {
        const members = [...imageFiles(random).archive].map(([name, content]) => ({
          path: name,
          content,
        }));
        const whole = makeTar(members);
        const bytes = random.oneIn(3) ? withChecksums(random, mutate(random, [whole])) : whole;
        await writeFile(path, bytes);
        if (random.oneIn(50)) {
          const imported = await typed(() => images.import(path, { name: "app:1" }));
          await images.prune({ all: true });
          return imported;
        }
        return await typed(async () => {
          await using file = await open(path);
          const archive = await tarArchive(file, path, signal);
          const platform = { os: "linux", architecture: "amd64" };
          const name = random.pick([undefined, "app:1", "other"]);
          const { source } = await readDockerArchive(archive, platform, name, signal);
          await readLayers(source);
        });
      },
      async [Symbol.asyncDispose]() {
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};
