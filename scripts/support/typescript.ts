import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hashPaths } from "./hash.ts";
import { bin, repository } from "./paths.ts";
import type { Progress } from "./progress.ts";
import { run } from "./run.ts";
import { unlessDone } from "./stamp.ts";

/** In the order in which they need each other's declarations. */
export const packages = ["ttrpc", "agent-protocol", "virtcontainers", "virtc"] as const;

const common = ["package-lock.json", "tsconfig.base.json"].map((name) => join(repository, name));

/** Builds the packages' dist folders, each only if something that goes into it has changed. */
export async function buildPackages(progress: Progress): Promise<void> {
  const inputs = [...common];
  for (const name of packages) {
    const folder = join(repository, "packages", name);
    inputs.push(...["src", "package.json", "tsdown.config.ts"].map((part) => join(folder, part)));
    const output = join(folder, "dist", name === "virtc" ? "main.js" : "index.js");
    await unlessDone(
      `package-${name}`,
      await hashPaths(inputs, repository),
      () => existsSync(output),
      () => progress.step(`building packages/${name}`, () => build(folder)),
    );
  }
}

/** Builds beside the old dist and then takes its place, so that a failed build leaves the old one. */
async function build(folder: string): Promise<void> {
  const fresh = join(folder, "dist", ".new");
  await rm(fresh, { recursive: true, force: true });
  await run(bin("tsdown"), ["--out-dir", fresh, "--logLevel", "warn"], { cwd: folder });
  const dist = join(folder, "dist");
  const next = join(folder, "dist.new");
  await rm(next, { recursive: true, force: true });
  await rename(fresh, next);
  await rm(dist, { recursive: true, force: true });
  await rename(next, dist);
}
