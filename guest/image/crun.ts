import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, inScratch } from "../../scripts/support/cache.ts";
import { hashOf } from "../../scripts/support/hash.ts";
import { run } from "../../scripts/support/run.ts";
import { type DebianPackage, installedVersions } from "./debian/packages.ts";
import { sharedProgram } from "./debian/shared.ts";
import { unpackSource } from "./debian/source.ts";

/** Raise it when the way of building changes. */
const recipe = "1";
const buildPackages = ["gcc", "libc6-dev", "libcap-dev", "libseccomp-dev", "libyajl-dev"];

export interface Crun {
  program: string;
  /** Folders to lay over the guest's root: the libraries, where it isn't static. */
  overlays: readonly string[];
  version: string;
}

/**
 * crun, built static from Debian's source package: it starts in a third of the time of Debian's binary. Where
 * it can't be built, Debian's binary and its libraries, and `note` is told why.
 */
export async function crun(found: DebianPackage, note: (text: string) => void): Promise<Crun> {
  try {
    return { program: await staticCrun(found), overlays: [], version: found.version };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note(`  ! crun can't be built static, Debian's binary with its libraries is used: ${reason}`);
    const program = "usr/bin/crun";
    const folder = await sharedProgram(found, { kind: "crun-shared", files: [program] });
    return {
      program: join(folder, program),
      overlays: [folder],
      version: `${found.version} (shared)`,
    };
  }
}

async function staticCrun(found: DebianPackage): Promise<string> {
  const tools = await installedVersions(buildPackages);
  const key = `${found.version}-${hashOf(recipe, ...tools).slice(0, 12)}`;
  const folder = await cached("crun-static", key, (target) =>
    inScratch(async (scratch) => {
      const source = join(scratch, "source");
      await unpackSource(found, scratch, source);
      await compile(source, await staticLibraries(scratch));
      await run("strip", ["-o", join(target, "crun"), join(source, "crun")]);
      await writeFile(join(target, "built-with"), `${tools.join("\n")}\n`);
    }),
  );
  return join(folder, "crun");
}

/** Debian calls the static yajl libyajl_s.a; the linker looks for libyajl.a. */
async function staticLibraries(scratch: string): Promise<string> {
  const folder = join(scratch, "libraries");
  await mkdir(folder);
  const found = (await run("gcc", ["-print-file-name=libyajl_s.a"])).trim();
  await symlink(found, join(folder, "libyajl.a"));
  return folder;
}

async function compile(source: string, libraries: string): Promise<void> {
  const env = {
    SOURCE_DATE_EPOCH: "1",
    LC_ALL: "C",
    CFLAGS: `-O2 -ffile-prefix-map=${source}=.`,
    LDFLAGS: `-static -L${libraries}`,
  };
  const options = { cwd: source, env };
  const features = ["--disable-systemd", "--disable-dl", "--disable-shared", "--enable-static"];
  await run("./configure", features, options);
  await run("make", ["-j2", `LDFLAGS=-all-static -L${libraries}`], options);
}
