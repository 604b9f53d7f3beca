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

/** What each package has to have; the guest's, what a VM boots best from. */
const wanted = ["LICENSE", "README.md", "package.json"];
const wantedOfGuest = [
  "dist/manifest.json",
  "dist/vmlinux-tuned",
  "dist/root.img",
  "dist/busybox.tar",
];

/** What is missing in a package that holds these files. */
export function missingFiles(name: PublishedPackage, files: readonly string[]): string[] {
  const all = name === "guest-linux-x64" ? [...wanted, ...wantedOfGuest] : [...wanted, "dist/"];
  return all.filter((file) =>
    file.endsWith("/") ? !files.some((path) => path.startsWith(file)) : !files.includes(file),
  );
}

/** The files in a packed package. */
export async function filesIn(archive: string): Promise<string[]> {
  const listed = await run("tar", ["-tzf", archive]);
  return listed.split("\n").map((path) => path.replace("package/", ""));
}

const Packed = v.tuple([v.object({ filename: v.string() })]);

/** Packs a package as `npm publish` would, into a folder; gives the path of the tarball. */
export async function pack(name: PublishedPackage, folder: string): Promise<string> {
  const args = ["pack", "--json", "--pack-destination", folder, "--ignore-scripts"];
  const output = await run("npm", args, { cwd: join(repository, "packages", name) });
  const [{ filename }] = v.parse(Packed, JSON.parse(output));
  return join(folder, filename);
}
