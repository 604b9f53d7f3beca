/**
 * Makes a clone ready: Debian packages, the built npm packages, the guest's files and the image `busybox`.
 * `--tests` adds what only tests need and the tuned kernel. What is done already is not done again.
 */
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildGuest } from "../guest/image/guest.ts";
import {
  debianPackages,
  installPackages,
  listsAreOld,
  missingPackages,
  NotPermitted,
  updateLists,
} from "./support/apt.ts";
import { hashFile } from "./support/hash.ts";
import { guestDist, repository } from "./support/paths.ts";
import { createProgress, type Progress } from "./support/progress.ts";
import { run } from "./support/run.ts";
import { unlessDone } from "./support/stamp.ts";
import { buildPackages } from "./support/typescript.ts";
import { vsockDaemon } from "./support/vsock-daemon.ts";

const virtc = join(repository, "packages/virtc/bin/virtc");

async function setup(progress: Progress, options: { tests: boolean; kernel: boolean }) {
  await installDebianPackages(progress, options.tests);
  await requireCargo();
  await buildPackages(progress);
  await linkPrograms(progress);
  await renewLists(progress);
  await buildGuest(progress, { tuned: options.tests || options.kernel });
  if (options.tests) {
    await progress.step("vhost-device-vsock (minutes when it is new)", (update) =>
      vsockDaemon(update),
    );
  }
  await importBusybox(progress);
}

async function installDebianPackages(progress: Progress, tests: boolean): Promise<void> {
  const lists = await debianPackages();
  const wanted = [...lists.runtime, ...lists.build, ...(tests ? lists.test : [])];
  const missing = await missingPackages(wanted);
  if (missing.length === 0) return;
  progress.note(`  installing Debian packages: ${missing.join(" ")}`);
  await progress.step("apt-get install", (update) => installPackages(missing, update));
}

/** The first build downloads what apt's lists name, and the mirrors drop old versions. */
async function renewLists(progress: Progress): Promise<void> {
  if (existsSync(join(guestDist, "manifest.json")) || !(await listsAreOld())) return;
  try {
    await progress.step("apt-get update", updateLists);
  } catch (error) {
    if (!(error instanceof NotPermitted)) throw error;
    progress.note(`  ! apt's lists are old: if a download fails, run \`apt-get update\` as root`);
  }
}

async function requireCargo(): Promise<void> {
  await run("cargo", ["--version"]).catch(() => {
    throw new Error(
      "cargo is not installed, and the guest's agent is written in Rust. Install Rust 1.88 or newer: https://rustup.rs",
    );
  });
}

/** npm makes the links when it installs; a clone installed before a program came, or moved, has none to it. */
async function linkPrograms(progress: Progress): Promise<void> {
  const linked = await realpath(join(repository, "node_modules/.bin/virtc")).catch(() => undefined);
  if (linked === (await realpath(virtc))) return;
  await progress.step("linking virtc into node_modules/.bin", async () => {
    await run("npm", ["rebuild", "virtc", "--ignore-scripts"], { cwd: repository });
  });
}

async function importBusybox(progress: Progress): Promise<void> {
  const archive = join(guestDist, "busybox.tar");
  const isThere = () =>
    run(virtc, ["image", "inspect", "busybox"]).then(
      () => true,
      () => false,
    );
  await unlessDone("busybox-image", await hashFile(archive), isThere, () =>
    progress.step("importing the image busybox", async () => {
      await run(virtc, ["image", "import", "--name", "busybox", archive]);
    }),
  );
}

const { values } = parseArgs({
  options: {
    tests: { type: "boolean", default: false },
    kernel: { type: "boolean", default: false },
  },
});
const progress = createProgress();
progress.note("setup:");
try {
  await setup(progress, values);
  progress.note("setup: done");
} catch (error) {
  progress.note(`setup failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
