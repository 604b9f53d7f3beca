import { existsSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheEntry } from "./cache.ts";
import { run } from "./run.ts";

const crate = "vhost-device-vsock";
const version = "0.3.0";
const program = join("bin", crate);

/** The program that serves vsock where the host's kernel does not, from crates.io; built once. */
export async function vsockDaemon(update: (text: string) => void): Promise<string> {
  const folder = await cached(crate, version, async (root) => {
    const args = ["install", "--locked", "--no-track", "--root", root, `${crate}@${version}`];
    await run("cargo", args, { onLine: (line) => update(line.trim()) });
  });
  return join(folder, program);
}

/** Where set-up has put it. */
export function builtVsockDaemon(): string {
  const path = join(cacheEntry(crate, version), program);
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing: run \`npm run setup -- --tests\``);
}
