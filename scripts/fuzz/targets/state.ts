import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHost } from "../../../packages/virtcontainers/src/host/real.ts";
import { Store } from "../../../packages/virtcontainers/src/store/store.ts";
import { createTestInstance } from "../../../packages/virtcontainers/src/testing/index.ts";
import { mutate } from "../mutate.ts";
import { mutateJson } from "../mutate-json.ts";
import { readSeeds } from "../seeds.ts";
import { type Target, typed } from "../target.ts";

export const state: Target = {
  reads: "sandbox.json, the state of a sandbox on disk; one in twenty is listed too",
  async open() {
    const instance = await createTestInstance();
    const seeds = readSeeds("state");
    const documents: unknown[] = seeds.map((seed) => JSON.parse(seed.toString("utf8")));
    const store = new Store(createHost(), join(instance.folder, "state"));
    const folder = store.folder("web");
    await mkdir(folder.path, { recursive: true, mode: 0o711 });
    await writeFile(folder.lock, "");
    return {
      async feed(random) {
        const text = random.oneIn(2)
          ? mutate(random, seeds)
          : JSON.stringify(mutateJson(random, random.pick(documents)));
        await writeFile(folder.state, text ?? "");
        if (random.oneIn(20)) await typed(() => instance.vc.listSandbox());
        return await typed(() => store.read("web"));
      },
      async [Symbol.asyncDispose]() {
        await rm(folder.path, { recursive: true, force: true });
        await instance[Symbol.asyncDispose]();
      },
    };
  },
};
