import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hashFile, hashOf, hashPaths } from "../../scripts/support/hash.ts";
import { guestDist } from "../../scripts/support/paths.ts";
import type { Progress } from "../../scripts/support/progress.ts";
import { exist, unlessDone } from "../../scripts/support/stamp.ts";
import { buildAgent } from "./agent.ts";
import { assemble, type GuestParts } from "./assemble.ts";
import { busybox } from "./busybox.ts";
import { crun } from "./crun.ts";
import { candidates, type DebianPackage } from "./debian/packages.ts";
import { defaultFilterText } from "./filter.ts";
import { iptables } from "./iptables.ts";
import { cloudKernelPackage, debianKernel } from "./kernel/debian.ts";
import { builtTunedKernel, sourcePackage, type TunedKernel, tunedKernel } from "./kernel/tuned.ts";
import { files } from "./manifest.ts";

const recipes = fileURLToPath(new URL(".", import.meta.url));

interface GuestOptions {
  /** Build the tuned kernel too; else it is taken if it was built before. */
  tuned: boolean;
}

/** Builds the guest's files into the package for this platform, where anything of theirs has changed. */
export async function buildGuest(progress: Progress, options: GuestOptions): Promise<void> {
  const debian = (await candidates([cloudKernelPackage])).get(cloudKernelPackage);
  await build(progress, "guest", guestDist, await collect(progress, debian, options));
}

/** The same with the kernel of a system on another root, and no tuned one, into a folder of its own. */
export async function buildForeignGuest(
  progress: Progress,
  root: string,
  name: string,
): Promise<string> {
  const folder = join(recipes, "target", name);
  const debian = (await candidates([cloudKernelPackage], root)).get(cloudKernelPackage);
  await build(progress, name, folder, await collect(progress, debian));
  return folder;
}

async function build(
  progress: Progress,
  stamp: string,
  folder: string,
  parts: GuestParts,
): Promise<void> {
  const { tuned, ...always } = files;
  const names = [...Object.values(always), ...(parts.tuned ? [tuned] : [])];
  const outputs = names.map((name) => join(folder, name));
  await unlessDone(
    stamp,
    await keyOf(parts),
    () => exist(outputs),
    () =>
      progress.step("packing the guest's root, initramfs and busybox image", () =>
        assemble(parts, folder),
      ),
  );
}

/** Everything that goes into the guest, built or from the cache. */
async function collect(
  progress: Progress,
  kernel: DebianPackage | undefined,
  options?: GuestOptions,
): Promise<GuestParts> {
  if (kernel === undefined) throw new Error(`apt does not know ${cloudKernelPackage}`);
  const agent = await progress.step("the guest's agent", (update) => buildAgent(update));
  const known = await candidates(["crun", "busybox-static", "iptables"]);
  const of = (name: string): DebianPackage => {
    const found = known.get(name);
    if (found === undefined) throw new Error(`apt does not know ${name}`);
    return found;
  };
  const debian = await progress.step("Debian's kernel for virtual machines", () =>
    debianKernel(kernel),
  );
  const crunParts = await progress.step("crun", () => crun(of("crun"), progress.note));
  const program = await progress.step("busybox", () => busybox(of("busybox-static")));
  const filter = await progress.step("iptables", () => iptables(of("iptables")));
  const tuned = options && (await tunedFor(debian.release, progress, options));
  return {
    agent,
    crun: crunParts,
    debian,
    tuned,
    busybox: { program, version: of("busybox-static").version },
    iptables: { folder: filter, version: of("iptables").version },
  };
}

async function tunedFor(
  release: string,
  progress: Progress,
  options: GuestOptions,
): Promise<TunedKernel | undefined> {
  const name = sourcePackage(release);
  const source = (await candidates([name])).get(name);
  if (source === undefined) return undefined;
  if (!options.tuned) return await builtTunedKernel(source);
  return await progress.step("the tuned kernel (minutes when it is new)", (update) =>
    tunedKernel(source, update),
  );
}

async function keyOf(parts: GuestParts): Promise<string> {
  const { agent, crun: made, debian, tuned, busybox: applets, iptables: filter } = parts;
  const programs = [agent.agent, agent.preinit, agent.containerInit, made.program];
  return hashOf(
    await hashPaths([recipes], recipes, new Set(["target", "test", "measure"])),
    ...(await Promise.all(programs.map(hashFile))),
    // These lie in the cache under names that tell their content.
    ...[debian.vmlinuxPath, tuned?.vmlinuxPath ?? "", applets.program, applets.version],
    ...[filter.folder, filter.version, made.filterCompiler ?? "", defaultFilterText],
  );
}
