import { join } from "node:path";
import * as v from "valibot";
import { repository } from "./paths.ts";
import { run } from "./run.ts";

/** The packages that are published, by their folders; each after those it needs. */
export const published = [
  "ttrpc",
  "agent-protocol",
  "guest-linux-x64",
  "virtcontainers",
  "virtc",
] as const;

export type PublishedPackage = (typeof published)[number];

const Packed = v.tuple([v.object({ filename: v.string() })]);

/** Packs a package as `npm publish` would, into a folder; gives the path of the tarball. */
export async function pack(name: PublishedPackage, folder: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", folder, "--ignore-scripts"];
  const output = await run("npm", args, { cwd: join(repository, "packages", name) });
  const [{ filename }] = v.parse(Packed, JSON.parse(output));
  return join(folder, filename);
}
