import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { headBytes } from "../../guest/image/pfn.ts";

/** Makes a root of the guest like ours, with programs added to it; gives its path. */
export async function guestImage(
  folder: string,
  programs: Readonly<Record<string, string>>,
): Promise<string> {
  const { imagePath } = await loadGuestAssets(findGuestDir(process.env));
  const plain = join(folder, "plain.erofs");
  const root = join(folder, "root");
  const image = join(folder, "guest.erofs");
  writeFileSync(plain, readFileSync(imagePath).subarray(headBytes));
  execFileSync("fsck.erofs", [`--extract=${root}`, plain]);
  for (const [path, text] of Object.entries(programs)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o755);
  }
  execFileSync("mkfs.erofs", ["-x-1", "--all-root", "--quiet", image, root]);
  chmodSync(image, 0o644);
  return image;
}
