import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inScratch } from "../../scripts/support/cache.ts";
import { run } from "../../scripts/support/run.ts";
import { type DebianKernel, readLists } from "./kernel/debian.ts";
import { bootModules, moduleClosure } from "./modules.ts";

/**
 * Packs the initramfs: `preinit` as /init, the modules it loads at every boot, and /modules.load, which names
 * them in order. The same inputs give the same bytes.
 */
export async function packInitramfs(
  preinit: string,
  kernel: DebianKernel,
  output: string,
): Promise<void> {
  await inScratch(async (scratch) => {
    const root = join(scratch, "root");
    for (const folder of ["dev", "proc", "sys", "root"]) {
      await mkdir(join(root, folder), { recursive: true });
    }
    await copyFile(preinit, join(root, "init"));
    await chmod(join(root, "init"), 0o755);
    const modules = join("lib/modules", kernel.release);
    const lists = await readLists(join(kernel.modulesRoot, modules));
    const paths = moduleClosure(lists, bootModules).map((path) => join(modules, path));
    for (const path of paths) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await copyFile(join(kernel.modulesRoot, path), join(root, path));
    }
    await writeFile(join(root, "modules.load"), paths.map((path) => `/${path}\n`).join(""));
    // lz4's legacy format is the one that the kernel unpacks.
    const pack = [
      "find . -exec touch -h -d @0 {} +",
      "find . -print0 | LC_ALL=C sort -z | cpio -0 -o -H newc -R 0:0 --reproducible --quiet > ../cpio",
      "lz4 -l -9 -f -q ../cpio ../cpio.lz4",
    ].join(" && ");
    await run("sh", ["-euc", pack], { cwd: root });
    await copyFile(join(scratch, "cpio.lz4"), output);
  });
}
