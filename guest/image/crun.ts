import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, inScratch } from "../../scripts/support/cache.ts";
import { hashOf } from "../../scripts/support/hash.ts";
import { run } from "../../scripts/support/run.ts";
import { type DebianPackage, installedVersions } from "./debian/packages.ts";
import { sharedProgram } from "./debian/shared.ts";
import { unpackSource } from "./debian/source.ts";

/** Raise it when the way of building changes. */
const recipe = "2";
const filterSource = fileURLToPath(new URL("filter.c", import.meta.url));
const buildPackages = ["gcc", "libc6-dev", "libcap-dev", "libseccomp-dev", "libyajl-dev"];

export interface Crun {
  program: string;
  /** Compiles a filter of system calls as this crun does; only where it was built here. */
  filterCompiler: string | undefined;
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
    const folder = await staticCrun(found);
    return {
      program: join(folder, "crun"),
      filterCompiler: join(folder, "filter-compiler"),
      overlays: [],
      version: found.version,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    note(`  ! crun can't be built static, Debian's binary with its libraries is used: ${reason}`);
    const program = "usr/bin/crun";
    const folder = await sharedProgram(found, { kind: "crun-shared", files: [program] });
    return {
      program: join(folder, program),
      filterCompiler: undefined,
      overlays: [folder],
      version: `${found.version} (shared)`,
    };
  }
}

async function staticCrun(found: DebianPackage): Promise<string> {
  const tools = await installedVersions(buildPackages);
  const key = `${found.version}-${hashOf(recipe, ...tools, await readFile(filterSource, "utf8")).slice(0, 12)}`;
  return await cached("crun-static", key, (target) =>
    inScratch(async (scratch) => {
      const source = join(scratch, "source");
      await unpackSource(found, scratch, source);
      const libraries = await staticLibraries(scratch);
      await compile(source, libraries);
      await compileFilterCompiler(source, libraries);
      for (const name of ["crun", "filter-compiler"]) {
        await run("strip", ["-o", join(target, name), join(source, name)]);
      }
      await writeFile(join(target, "built-with"), `${tools.join("\n")}\n`);
    }),
  );
}

/** Debian calls the static yajl libyajl_s.a; the linker looks for libyajl.a. */
async function staticLibraries(scratch: string): Promise<string> {
  const folder = join(scratch, "libraries");
  await mkdir(folder);
  const found = (await run("gcc", ["-print-file-name=libyajl_s.a"])).trim();
  await symlink(found, join(folder, "libyajl.a"));
  return folder;
}

/** From crun's own code, so that both make the same of a filter. */
async function compileFilterCompiler(source: string, libraries: string): Promise<void> {
  const includes = ["-I.", "-Isrc", "-Ilibocispec/src", "-Ilibocispec"];
  const parts = [".libs/libcrun.a", "libocispec/.libs/libocispec.a", `-L${libraries}`];
  const linked = ["-lcap", "-lseccomp", "-lyajl", "-lm"];
  const args = ["-O2", "-static", ...includes, "-o", "filter-compiler", filterSource];
  await run("gcc", [...args, ...parts, ...linked], { cwd: source });
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
