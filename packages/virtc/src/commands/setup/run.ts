import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import { UsageError } from "../../errors/usage.ts";
import { showProgress } from "../../output/show-progress.ts";
import { checkThisHost } from "../check/run.ts";
import { installPackages, packagesFor } from "./packages.ts";

const image = "busybox";

/** Makes this host ready to run containers. */
export async function setup(dryRun: boolean, context: Context): Promise<void> {
  const say = (text: string) => context.stdout.write(`${text}\n`);
  await setUpPackages(dryRun, context, say);
  await setUpImage(dryRun, context, say);
  const missing = dryRun ? [] : await stillMissing(context);
  if (missing.length === 0) return;
  throw new UsageError(
    `this host can't run containers yet: ${missing.join(", ")}`,
    "`virtc check` tells how to mend it.",
  );
}

type Say = (text: string) => void;

async function setUpPackages(dryRun: boolean, context: Context, say: Say): Promise<void> {
  const names = packagesFor(await checkThisHost(context));
  if (names.length === 0) say("packages: all there");
  else if (dryRun) say(`packages: would install ${names.join(", ")}`);
  else {
    say(`packages: installing ${names.join(", ")}`);
    await installPackages(names, context);
  }
}

async function setUpImage(dryRun: boolean, context: Context, say: Say): Promise<void> {
  const { images } = await context.library();
  if (await isThere(() => images.get(image))) return say(`image ${image}: there`);
  const { findGuestDir, loadGuestAssets } = await import("virtcontainers/host");
  const { busyboxPath } = await loadGuestAssets(findGuestDir(context.env));
  if (busyboxPath === undefined) return say(`image ${image}: the guest files have none`);
  if (dryRun) return say(`image ${image}: would import ${busyboxPath}`);
  say(`image ${image}: importing ${busyboxPath}`);
  const progress = showProgress(image, context);
  try {
    await images.import(busyboxPath, { name: image, onProgress: progress.update });
  } finally {
    progress.end();
  }
}

async function isThere(get: () => Promise<unknown>): Promise<boolean> {
  try {
    await get();
    return true;
  } catch (error) {
    if (isLibraryError(error, "IMAGE_NOT_FOUND")) return false;
    throw error;
  }
}

async function stillMissing(context: Context): Promise<string[]> {
  const checks = await checkThisHost(context);
  return checks.filter((check) => check.required && !check.ok).map((check) => check.id);
}
