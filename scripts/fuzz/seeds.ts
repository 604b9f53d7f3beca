import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** The files in a folder of `seeds/`, unpacked. */
export function readSeeds(name: string): Buffer[] {
  const folder = new URL(`./seeds/${name}/`, import.meta.url);
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const bytes = readFileSync(new URL(file, folder));
      return file.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    });
}
