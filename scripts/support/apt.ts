import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import { installedVersions } from "../../guest/image/debian/packages.ts";
import { type DebianRelease, hostRelease } from "../../packages/virtcontainers/src/host/release.ts";
import { run } from "./run.ts";

const list = fileURLToPath(new URL("../debian-packages.json", import.meta.url));
const dayMs = 24 * 60 * 60 * 1000;
const names = v.array(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.+-]+$/)));
const Lists = v.object({
  runtime: v.object({ 12: names, 13: names }),
  build: names,
  test: names,
});

/** The Debian packages that the project uses on a release, by what for. */
export async function debianPackages(
  release: DebianRelease = hostRelease(),
): Promise<Record<"runtime" | "build" | "test", string[]>> {
  const lists = v.parse(Lists, JSON.parse(await readFile(list, "utf8")));
  return { ...lists, runtime: lists.runtime[release] };
}

/** Those of the packages that are not installed. */
export async function missingPackages(wanted: readonly string[]): Promise<string[]> {
  const installed = await installedVersions(wanted);
  const there = new Set(installed.map((line) => line.split("=", 1)[0] ?? ""));
  return wanted.filter((name) => !there.has(name));
}

/** Installs packages with apt, by sudo where this is not root. Throws with the command to run if neither works. */
export async function installPackages(
  missing: readonly string[],
  update: (detail: string) => void,
): Promise<void> {
  try {
    await updateLists(update);
    await apt(["install", "-y", "--no-install-recommends", ...missing], update);
  } catch (error) {
    if (!(error instanceof NotPermitted)) throw error;
    const command = `sudo apt-get install --no-install-recommends ${missing.join(" ")}`;
    throw new Error(`Debian packages are missing, and ${error.message}. Run:\n  ${command}`);
  }
}

/** Whether apt's lists are so old, or absent, that what they name may be gone from the mirrors. */
export async function listsAreOld(): Promise<boolean> {
  const folder = "/var/lib/apt/lists";
  const names = (await readdir(folder).catch(() => [])).filter((name) => /Packages/.test(name));
  const times = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name))).ctimeMs),
  );
  return Math.max(0, ...times) < Date.now() - dayMs;
}

/** Renews apt's lists. Throws NotPermitted where this is neither root nor allowed to use sudo. */
export async function updateLists(update: (detail: string) => void): Promise<void> {
  await apt(["update"], update);
}

export class NotPermitted extends Error {}

async function apt(args: readonly string[], onLine: (line: string) => void): Promise<void> {
  const command = [...(await superuser()), "apt-get", "-o", "DPkg::Lock::Timeout=300", ...args];
  const [program = "apt-get", ...rest] = command;
  await run(program, rest, { env: { DEBIAN_FRONTEND: "noninteractive" }, onLine });
}

/** What must stand before a command so that it runs as root. */
async function superuser(): Promise<string[]> {
  if (process.getuid?.() === 0) return [];
  try {
    await run("sudo", ["-n", "true"]);
    return ["sudo", "-n"];
  } catch {
    throw new NotPermitted("this is neither root nor allowed to use sudo without a password");
  }
}
