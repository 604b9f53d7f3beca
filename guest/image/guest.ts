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
import { builtTunedKernel, sourcePackage, tunedKernel } from "./kernel/tuned.ts";
import { files } from "./manifest.ts";

const recipes = fileURLToPath(new URL(".", import.meta.url));

/** Builds the guest's files into the package for this platform, where anything of theirs has changed. */
export async function buildGuest(progress: Progress, options: { tuned: boolean }): Promise<void> {
  const parts = await collect(progress, options);
  const { tuned, ...always } = files;
  const names = [...Object.values(always), ...(parts.tuned ? [tuned] : [])];
  const outputs = names.map((name) => join(guestDist, name));
  await unlessDone(
    "guest",
    await keyOf(parts),
    () => exist(outputs),
    () =>
      progress.step("packing the guest's root, initramfs and busybox image", () =>
        assemble(parts, guestDist),
      ),
  );
}

/** Everything that goes into the guest, built or from the cache. */
async function collect(progress: Progress, options: { tuned: boolean }): Promise<GuestParts> {
  const agent = await progress.step("the guest's agent", (update) => buildAgent(update));
  const known = await candidates([cloudKernelPackage, "crun", "busybox-static", "iptables"]);
  const of = (name: string): DebianPackage => {
    const found = known.get(name);
    if (found === undefined) throw new Error(`apt does not know ${name}`);
    return found;
  };
  const debian = await progress.step("Debian's kernel for virtual machines", () =>
    debianKernel(of(cloudKernelPackage)),
  );
  const crunParts = await progress.step("crun", () => crun(of("crun"), progress.note));
  const program = await progress.step("busybox", () => busybox(of("busybox-static")));
  const filter = await progress.step("iptables", () => iptables(of("iptables")));
  const sourceName = sourcePackage(debian.release);
  const source = (await candidates([sourceName])).get(sourceName);
  const tuned =
    source &&
    (options.tuned
      ? await progress.step("the tuned kernel (minutes when it is new)", (update) =>
          tunedKernel(source, update),
        )
      : await builtTunedKernel(source));
  return {
    agent,
    crun: crunParts,
    debian,
    tuned,
    busybox: { program, version: of("busybox-static").version },
    iptables: { folder: filter, version: of("iptables").version },
  };
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
