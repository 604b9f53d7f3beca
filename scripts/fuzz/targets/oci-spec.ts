import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestInstance } from "../../../packages/virtcontainers/src/testing/index.ts";
import { mutate } from "../mutate.ts";
import { mutateJson } from "../mutate-json.ts";
import { readSeeds } from "../seeds.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";

export const ociSpec: Target = {
  reads: "the config.json of an OCI bundle, down to a create on doubles",
  async open() {
    const folder = await TemporaryFolder.make();
    const seeds = readSeeds("oci-spec");
    const documents: unknown[] = seeds.map((seed) => JSON.parse(seed.toString("utf8")));
    const instance = await createTestInstance();
    return {
      async feed(random) {
        const text = random.oneIn(3)
          ? mutate(random, seeds)
          : (JSON.stringify(mutateJson(random, random.pick(documents))) ?? "");
        await writeFile(join(folder.path, "config.json"), text);
        const containers = [{ id: "c1", image: "busybox", bundle: folder.path }];
        return await typed(async () => {
          const sandbox = await instance.vc.createSandbox({ id: "fuzz", containers });
          await sandbox.delete({ force: true });
        });
      },
      async [Symbol.asyncDispose]() {
        await instance[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};
