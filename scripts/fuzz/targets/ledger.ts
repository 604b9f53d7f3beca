import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createHost } from "../../../packages/virtcontainers/src/host/real.ts";
import { LedgerFile } from "../../../packages/virtcontainers/src/store/ledger-file.ts";
import { mutate } from "../mutate.ts";
import { mutateJson } from "../mutate-json.ts";
import type { Random } from "../random.ts";
import { readSeeds } from "../seeds.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";

export const ledger: Target = {
  reads: "the ledger of a sandbox; nothing in it is released",
  async open() {
    const folder = await TemporaryFolder.make();
    const path = join(folder.path, "ledger");
    const host = createHost();
    const seeds = readSeeds("ledger");
    return {
      async feed(random) {
        const bytes = random.oneIn(2) ? mutate(random, seeds) : lines(random, random.pick(seeds));
        await writeFile(path, bytes);
        return await typed(() => new LedgerFile(host, path).entries());
      },
      async [Symbol.asyncDispose]() {
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};

/** The seed with some of its lines changed, left out or doubled. */
function lines(random: Random, seed: Buffer): string {
  const all = seed.toString("utf8").split("\n").filter(Boolean);
  const changed = all.flatMap((line) => {
    if (!random.oneIn(4)) return [line];
    if (random.oneIn(3)) return random.oneIn(2) ? [] : [line, line];
    return [JSON.stringify(mutateJson(random, JSON.parse(line))) ?? ""];
  });
  return `${changed.join("\n")}\n`;
}
