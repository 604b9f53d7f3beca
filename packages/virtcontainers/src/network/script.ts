import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What Node.js is given to run a program of ours: from sources it is translated as it is loaded. */
export function scriptArguments({ built, source }: { built: URL; source: URL }): string[] {
  if (!import.meta.url.endsWith(".ts")) return [fileURLToPath(built)];
  const path = fileURLToPath(source);
  accessSync(path, constants.R_OK);
  const loader = createRequire(import.meta.url).resolve("tsx");
  return ["--import", pathToFileURL(loader).href, path];
}
