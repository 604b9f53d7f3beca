import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AgentPrograms } from "./agent.ts";
import { packBusyboxImage } from "./busybox.ts";
import type { Crun } from "./crun.ts";
import { compileDefaultFilter } from "./filter.ts";
import { packInitramfs } from "./initramfs.ts";
import type { DebianKernel } from "./kernel/debian.ts";
import type { TunedKernel } from "./kernel/tuned.ts";
import { describe, files, tunedRelease, writeManifest } from "./manifest.ts";
import { packRoot } from "./root.ts";

export interface GuestParts {
  agent: AgentPrograms;
  crun: Crun;
  debian: DebianKernel;
  tuned: TunedKernel | undefined;
  busybox: { program: string; version: string };
  iptables: { folder: string; version: string };
}

/**
 * Puts all files of the guest and their manifest into a folder. Each file is replaced as a whole, so a
 * running VM keeps what it has open. A tuned kernel that is there stays if no other is given.
 */
export async function assemble(parts: GuestParts, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const put = async (name: string, make: (path: string) => Promise<unknown>) => {
    const fresh = join(folder, `${name}.new`);
    await rm(fresh, { force: true });
    await make(fresh);
    await rename(fresh, join(folder, name));
  };
  const { agent, crun, debian, tuned, busybox, iptables } = parts;
  await put(files.debian, (path) => copyFile(debian.vmlinuxPath, path));
  if (tuned) await put(files.tuned, (path) => copyFile(tuned.vmlinuxPath, path));
  await put(files.initramfs, (path) => packInitramfs(agent.preinit, debian, path));
  const filter = crun.filterCompiler && (await compileDefaultFilter(crun.filterCompiler));
  await put(files.image, (path) =>
    packRoot(
      {
        agent: agent.agent,
        containerInit: agent.containerInit,
        crun: crun.program,
        busybox: busybox.program,
        filter: filter || undefined,
        overlays: [debian.modulesRoot, iptables.folder, ...crun.overlays],
      },
      path,
    ),
  );
  await put(files.busybox, (path) => packBusyboxImage(busybox.program, path));
  const releases = {
    debian: debian.release,
    tuned: tuned?.release ?? (await tunedRelease(folder)),
  };
  const versions = {
    agent: agent.version,
    crun: crun.version,
    busybox: busybox.version,
    iptables: iptables.version,
  };
  await writeManifest(folder, await describe(folder, releases, versions));
}
