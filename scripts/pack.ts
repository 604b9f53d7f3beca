/** Builds all that is published, with the tuned kernel, and packs it as npm would, into dist-packages/. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildGuest } from "../guest/image/guest.ts";
import { pack, published } from "./support/pack.ts";
import { repository } from "./support/paths.ts";
import { createProgress } from "./support/progress.ts";
import { buildPackages } from "./support/typescript.ts";

const progress = createProgress();
await buildPackages(progress);
await buildGuest(progress, { tuned: true });
const folder = join(repository, "dist-packages");
await mkdir(folder, { recursive: true });
for (const name of published) {
  const archive = await progress.step(`packing packages/${name}`, () => pack(name, folder));
  const mebibytes = ((await stat(archive)).size / 1024 / 1024).toFixed(1);
  console.log(`${archive} (${mebibytes} MiB)`);
}
