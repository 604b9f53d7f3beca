import { execFile } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { FileBytes } from "../../../src/image/tar/bytes.ts";
import { readTar, type TarEntry } from "../../../src/image/tar/read.ts";
import { testFolder } from "../../support/folder.ts";

const run = promisify(execFile);

/** Mounting an image needs root and a loop device. */
export const canMount = process.getuid?.() === 0;

export interface MountedEntry extends Omit<TarEntry, "body"> {
  content: Buffer;
}

/** What the kernel and GNU tar find in an image, by path without `./`; `""` is its root. */
export async function contentsOf(image: string): Promise<Map<string, MountedEntry>> {
  const folder = await testFolder();
  const mountPoint = join(folder, "mnt");
  const tar = join(folder, "contents.tar");
  await mkdir(mountPoint);
  await run("mount", ["-t", "erofs", "-o", "loop,ro", image, mountPoint]);
  try {
    const options = ["--format=pax", "--numeric-owner", "--xattrs", "--xattrs-include=*"];
    await run("tar", ["-cf", tar, "-C", mountPoint, ...options, "."]);
  } finally {
    await run("umount", [mountPoint]);
  }
  const file = await open(tar);
  try {
    const entries = new Map<string, MountedEntry>();
    const bytes = new FileBytes(file, (await file.stat()).size);
    for await (const { body, ...entry } of readTar(bytes, { strict: true })) {
      const parts: Buffer[] = [];
      for await (const part of body()) parts.push(Buffer.from(part));
      const path = Buffer.from(entry.path, "latin1").toString("utf8");
      entries.set(path.replace(/^\.\//, "").replace(/\/$/, ""), {
        ...entry,
        content: Buffer.concat(parts),
      });
    }
    return entries;
  } finally {
    await file.close();
  }
}
