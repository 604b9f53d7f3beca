import { VirtError } from "../../errors.ts";
import { invalidImage } from "../failure.ts";
import type { StoreContext } from "../store/context.ts";

/**
 * Packs a folder of the host into a tar with everything that an inode has: numeric owners, modes,
 * times, hard links, devices and extended attributes. GNU tar does this, as Node.js reads no extended
 * attributes. HOST_REQUIREMENT without tar.
 */
export async function packFolder(
  context: StoreContext,
  folder: string,
  target: string,
  signal: AbortSignal,
): Promise<string> {
  const { processes } = context.host;
  const tar = await processes.which("tar");
  if (!tar) {
    throw new VirtError("HOST_REQUIREMENT", "importing a folder needs the program tar", {
      hint: "Install the package tar, or import a tar archive of the folder.",
    });
  }
  const args = [
    "--create",
    `--file=${target}`,
    `--directory=${folder}`,
    "--format=pax",
    "--pax-option=delete=atime,delete=ctime",
    "--sort=name",
    "--numeric-owner",
    "--xattrs",
    "--xattrs-include=*",
    "--one-file-system",
    ".",
  ];
  const result = await processes.run(tar, args, { signal, env: { LC_ALL: "C" } });
  if (result.code !== 0) {
    const why = result.stderr.trim().split("\n").at(-1) ?? "";
    if (/No space left|Disk quota/.test(result.stderr)) {
      throw new VirtError("NO_SPACE", `no space left while packing ${folder}: ${why}`);
    }
    throw invalidImage(
      `the folder ${folder} can't be packed: ${why}`,
      "All of it must be readable and stay unchanged during the import.",
    );
  }
  return target;
}
