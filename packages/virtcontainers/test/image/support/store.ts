import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHost } from "../../../src/host/real.ts";
import type { Images } from "../../../src/image/image.ts";
import { createImages, type ImagesOptions } from "../../../src/image/store.ts";
import { testFolder } from "../../support/folder.ts";

export interface TestStore {
  images: Images;
  dataDir: string;
  /** A folder beside the store for the test's own files. */
  folder: string;
  warnings: string[];
}

/** An empty store on the real host. */
export async function testStore(options: Partial<ImagesOptions> = {}): Promise<TestStore> {
  const folder = await testFolder();
  const dataDir = join(folder, "data");
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    warn: (_fields: object, message: string) => void warnings.push(message),
    error() {},
  };
  const images = createImages({ host: createHost(), dataDir, logger, ...options });
  return { images, dataDir, folder, warnings };
}

/** Everything that is in a store: images, staged work and lock files of fetches. */
export async function storeContents(dataDir: string): Promise<string[]> {
  const folders = ["images", "tmp", "locks"];
  const lists = folders.map(async (name) => {
    const entries = await readdir(join(dataDir, name)).catch(() => []);
    return entries.map((entry) => `${name}/${entry}`);
  });
  return (await Promise.all(lists)).flat();
}
