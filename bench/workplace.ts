import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtContainers } from "virtcontainers";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import type { RawCommand } from "./raw-vm.ts";
import { commandOf } from "./raw-vm.ts";

/** No single command takes this long, however busy the machine is: what does hangs, and is told as such. */
export const commandTimeoutMs = 120_000;

/** What every benchmark works with. */
export interface Workplace extends AsyncDisposable {
  readonly library: VirtContainers;
  /** For files of the raw VMs. */
  readonly folder: string;
  /** The command that a sandbox with the image busybox and the default size is started with. */
  readonly raw: RawCommand;
  readonly signal: AbortSignal;
  progress(text: string): void;
  /** How often each thing is measured, `most` at the most. */
  runs(most: number): number;
}

/** A state folder and an image store of its own, so that nothing of the user's is touched or counted. */
export async function openWorkplace(
  options: { runs: number | undefined },
  signal: AbortSignal,
): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), "virtc-bench-"));
  // The VMM's own user passes through it.
  await chmod(folder, 0o711);
  const progress = (text: string): void => void process.stderr.write(`bench: ${text}\n`);
  // Also for Sandbox.create and for the command line.
  process.env.VIRTC_STATE_DIR = join(folder, "state");
  process.env.VIRTC_DATA_DIR = join(folder, "data");
  // What a network costs is a figure of its own, in a namespace of its own.
  process.env.VIRTC_NETWORK = "none";
  const library = new VirtContainers();
  const close = async (): Promise<void> => {
    for (const { id } of await library.listSandbox()) {
      await library.deleteSandbox(id, { force: true });
    }
    await library.reclaim();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const flavour = process.env.VIRTC_KERNEL === "debian" ? "debian" : undefined;
    const assets = await loadGuestAssets(findGuestDir(process.env), flavour);
    progress(`kernel ${assets.kernelVersion} (${assets.flavour}), state in ${folder}`);
    if (assets.busyboxPath === undefined) throw new Error("the guest files have no busybox image");
    await library.images.import(assets.busyboxPath, { signal });
    const raw = await learnCommand(library, signal);
    return {
      library,
      folder,
      raw,
      signal,
      progress,
      runs: (most) => options.runs ?? most,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Also a first run, after which files are in the page cache and code is loaded. */
async function learnCommand(library: VirtContainers, signal: AbortSignal): Promise<RawCommand> {
  const config = { containers: [{ id: "main", image: "busybox", waits: true }] };
  await using sandbox = await library.runSandbox(config, { signal, deleteOnDispose: true });
  await sandbox.exec(["/bin/true"], { signal });
  const { vmm } = await sandbox.status();
  if (vmm === undefined) throw new Error("a running sandbox has no VMM");
  return await commandOf(vmm.pid);
}
