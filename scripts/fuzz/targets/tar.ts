import { mutate } from "../mutate.ts";
import { readSeeds } from "../seeds.ts";
import { type Target, typed } from "../target.ts";
import { maybePacked, pieces, unpack, withChecksums } from "./unpack.ts";

export const tar: Target = {
  reads: "a tar archive, packed or not, as a layer of an image",
  async open() {
    const seeds = readSeeds("tar");
    return {
      async feed(random) {
        const bytes = maybePacked(random, withChecksums(random, mutate(random, seeds)));
        const layer = pieces(random, bytes);
        try {
          return await typed(() => unpack(layer, random.oneIn(2)));
        } catch (error) {
          // The import tells these with a code, after it has looked at the digest.
          if (!/^Z_/.test(codeOf(error))) throw error;
          return false;
        }
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
