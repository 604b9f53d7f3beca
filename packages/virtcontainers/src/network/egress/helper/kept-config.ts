import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { type HelperConfig, HelperConfigSchema, keptConfigName } from "../helper-config.ts";

/** What a helper was told that has ended; undefined if none was told anything. */
export function readKeptConfig(folder: string): HelperConfig | undefined {
  const path = join(folder, keptConfigName);
  if (!existsSync(path)) return undefined;
  return v.parse(HelperConfigSchema, JSON.parse(readFileSync(path, "utf8")));
}

export function keepConfig(folder: string, config: HelperConfig): void {
  const path = join(folder, keptConfigName);
  writeFileSync(`${path}.new`, JSON.stringify(config), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
