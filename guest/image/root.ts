import { existsSync } from "node:fs";
import {
  appendFile,
  chmod,
  copyFile,
  cp,
  mkdir,
  readFile,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { inScratch } from "../../scripts/support/cache.ts";
import { run } from "../../scripts/support/run.ts";
import { applets } from "./busybox.ts";
import type { CompiledFilter } from "./filter.ts";
import { headBytes, pfnHead } from "./pfn.ts";

export interface RootParts {
  agent: string;
  containerInit: string;
  crun: string;
  /** What a console of the guest has: a shell and the usual tools. */
  busybox: string;
  /** The default filter of system calls, compiled beforehand. */
  filter: CompiledFilter | undefined;
  /** Folders whose content is laid over the root as it is. */
  overlays: readonly string[];
}

const folders = ["dev", "etc", "mnt", "proc", "root", "run", "sys", "tmp", "usr", "var"];

const etc: Record<string, string> = {
  passwd: "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n",
  group: "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
  hosts: "127.0.0.1 localhost\n::1 localhost\n",
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** Bytes of the image are a multiple of this: what an nvdimm maps in one piece. */
const alignment = headBytes;
const uuid = "76697274-6300-4000-8000-67756573742f";

/** Packs the guest's read-only root: a head that makes DAX possible, then the erofs. Gives its size. */
export async function packRoot(parts: RootParts, output: string): Promise<number> {
  return await inScratch(async (scratch) => {
    const root = join(scratch, "root");
    await fill(root, parts);
    const image = join(scratch, "root.erofs");
    await run("mkfs.erofs", ["-T0", `-U${uuid}`, "-x-1", "--all-root", "--quiet", image, root]);
    const payload = Math.ceil((await stat(image)).size / alignment) * alignment;
    const whole = join(scratch, "root.img");
    await writeFile(whole, pfnHead(payload));
    await appendFile(whole, await readFile(image));
    await truncate(whole, headBytes + payload);
    await copyFile(whole, output);
    return headBytes + payload;
  });
}

async function fill(root: string, parts: RootParts): Promise<void> {
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const overlay of parts.overlays) {
    await cp(overlay, root, { recursive: true, verbatimSymlinks: true });
  }
  const programs: [string, string][] = [
    [parts.agent, "sbin/init"],
    [parts.containerInit, "usr/lib/virtcontainers/container-init"],
    [parts.crun, "usr/bin/crun"],
    [parts.busybox, "usr/bin/busybox"],
  ];
  for (const [source, path] of programs) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(source, join(root, path));
    await chmod(join(root, path), 0o755);
  }
  for (const applet of await applets(parts.busybox)) {
    const link = join(root, "usr/bin", applet);
    if (!existsSync(link)) await symlink("busybox", link);
  }
  if (parts.filter !== undefined) {
    const folder = join(root, "usr/lib/virtcontainers/filter");
    await mkdir(folder);
    await writeFile(join(folder, "profile.json"), parts.filter.profile);
    await writeFile(join(folder, "program.base64"), parts.filter.program);
  }
  for (const [name, text] of Object.entries(etc)) await writeFile(join(root, "etc", name), text);
  await symlink("/run/resolv.conf", join(root, "etc/resolv.conf"));
  await run("chmod", ["-R", "u+rwX,go=rX", root]);
}
