/** Packs the built guest files, the tuned kernel among them, as the npm package for this platform, into dist-packages/. */
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildGuest } from "../guest/image/guest.ts";
import { pack } from "./support/pack.ts";
import { repository } from "./support/paths.ts";
import { createProgress } from "./support/progress.ts";

const progress = createProgress();
await buildGuest(progress, { tuned: true });
const folder = join(repository, "dist-packages");
await mkdir(folder, { recursive: true });
const archive = await progress.step("packing @virtcontainers/guest-linux-x64", () =>
  pack("guest-linux-x64", folder),
);
const mebibytes = ((await stat(archive)).size / 1024 / 1024).toFixed(1);
console.log(`${archive} (${mebibytes} MiB)`);
