import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../../scripts/support/run.ts";

export interface DebianPackage {
  name: string;
  /** The version that apt would install now. */
  version: string;
  /** Names of the packages it depends on. */
  depends: readonly string[];
  /** The root of another system, whose apt knows it. */
  root?: string;
}

/** Looks packages up in apt's lists, those of a system on another root if given. Throws if they don't have one of them. */
export async function candidates(
  names: readonly string[],
  root?: string,
): Promise<Map<string, DebianPackage>> {
  const args = [...aptOptions(root), "show", "--no-all-versions", ...names];
  const text = await run("apt-cache", args).catch(() => "");
  const found = new Map(
    parsePackages(text).map((each) => [
      each.name,
      { ...each, ...(root !== undefined && { root }) },
    ]),
  );
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new Error(`apt does not know ${missing.join(", ")}: run \`apt-get update\` as root`);
  }
  return found;
}

/** Parses the paragraphs that `apt-cache show` prints. */
export function parsePackages(text: string): DebianPackage[] {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => ({
      name: field(paragraph, "Package"),
      version: field(paragraph, "Version"),
      depends: field(paragraph, "Depends")
        .split(",")
        .map((dependency) => dependency.trim().split(/[ :(|]/, 1)[0] ?? "")
        .filter((name) => name !== ""),
    }))
    .filter(({ name, version }) => name !== "" && version !== "");
}

function field(paragraph: string, name: string): string {
  return new RegExp(`^${name}: (.*)$`, "m").exec(paragraph)?.[1]?.trim() ?? "";
}

/** Downloads a package and unpacks its files into a folder; nothing is installed. */
export async function unpackPackage(
  { name, version, root }: Pick<DebianPackage, "name" | "version" | "root">,
  scratch: string,
  target: string,
): Promise<void> {
  const args = [...aptOptions(root), "download", `${name}=${version}`];
  await run("apt-get", args, { cwd: scratch });
  const archive = (await readdir(scratch)).find(
    (file) => file.startsWith(`${name}_`) && file.endsWith(".deb"),
  );
  if (archive === undefined) throw new Error(`apt-get download ${name} left no package`);
  await run("dpkg", ["-x", join(scratch, archive), target]);
}

/** Lets apt read another system's lists, and write nothing there. */
function aptOptions(root: string | undefined): string[] {
  if (root === undefined) return [];
  const options = [`Dir=${root}`, "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="];
  return options.flatMap((option) => ["-o", option]);
}

/** Versions of installed packages, as `name=version`; those not installed are left out. */
export async function installedVersions(names: readonly string[]): Promise<string[]> {
  const format = "${Package}=${Version} ${db:Status-Status}\\n";
  // dpkg-query fails if one of the names is unknown, and still prints the others.
  const text = await run("dpkg-query", ["-W", "-f", format, ...names]).catch((error: unknown) =>
    error instanceof Error && "output" in error ? String(error.output) : "",
  );
  return text
    .split("\n")
    .filter((line) => line.endsWith(" installed"))
    .map((line) => line.split(" ", 1)[0] ?? "")
    .sort();
}
