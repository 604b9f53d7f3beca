import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { anonymousLabel, isAnonymous } from "../../args/mounts/anonymous.ts";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import { UsageError } from "../../errors/usage.ts";
import type { Library } from "../../library.ts";
import { bytes } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { safeLine } from "../../output/safe.ts";
import { examples } from "../examples.ts";

interface PruneOptions {
  all?: boolean;
  volumes?: boolean;
  force?: boolean;
  json?: boolean;
}

/** What was removed, by name. */
interface Pruned {
  containers: string[];
  networks: readonly string[];
  volumes: string[];
  images: readonly string[];
  /** Of the images. */
  freedBytes: number;
}

export function define(group: Command, context: Context): void {
  group
    .command("prune")
    .summary("remove what nobody uses")
    .description(
      "Removes all stopped containers, the networks that no container is in, and the images without a\n" +
        "name. It asks first, unless it is told --force.",
    )
    .option("-a, --all", "every image that no container uses")
    .option("--volumes", "also the volumes without a name that no container uses")
    .option("-f, --force", "don't ask")
    .option("--json", "print JSON")
    .action((options: PruneOptions) => prune(options, context))
    .addHelpText(
      "after",
      examples("virtc system prune", "virtc system prune --all --volumes --force"),
    );
}

async function prune(options: PruneOptions, context: Context): Promise<void> {
  if (!options.force && !(await isWanted(options, context))) {
    context.exitCode = 1;
    return;
  }
  const pruned = await removeUnused(await context.library(), options);
  context.stdout.write(options.json ? json(pruned) : text(pruned));
}

async function isWanted(
  { all, volumes }: PruneOptions,
  { stdin, stderr }: Context,
): Promise<boolean> {
  if (!stdin.isTTY)
    throw new UsageError(
      "there is no terminal to ask whether all that is to go",
      "Say --force to remove it without being asked.",
    );
  const what = [
    "all stopped containers",
    "all networks that no container is in",
    ...(volumes ? ["all volumes without a name that no container uses"] : []),
    all ? "all images that no container uses" : "all images without a name",
  ];
  stderr.write(`This removes:\n${what.map((line) => `  - ${line}\n`).join("")}`);
  const asking = createInterface({ input: stdin, output: stderr });
  // Ctrl-D and Ctrl-C are no answer.
  const closed = once(asking, "close").then(() => "");
  try {
    const answer = await Promise.race([asking.question("Go on? [y/N] "), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}

async function removeUnused(library: Library, options: PruneOptions): Promise<Pruned> {
  const garbage = await library.collectGarbage({ stopped: true });
  const networks = await library.networks.prune();
  const volumes = options.volumes ? await removeUnnamed(library) : [];
  const { removed, freedBytes } = await library.images.prune({ all: options.all ?? false });
  const containers = garbage.flatMap(({ kind, name }) => (kind === "sandbox" ? [name] : []));
  return { containers, networks, volumes, images: removed, freedBytes };
}

async function removeUnnamed(library: Library): Promise<string[]> {
  const removed: string[] = [];
  for (const { name, labels, usedBy } of await library.volumes.list()) {
    const isUnnamed = isAnonymous(name) && Object.hasOwn(labels, anonymousLabel);
    if (!isUnnamed || usedBy.length > 0) continue;
    try {
      await library.volumes.remove(name);
      removed.push(name);
    } catch (error) {
      // Somebody has it now, or was faster.
      if (!isLibraryError(error, "BUSY", "VOLUME_NOT_FOUND")) throw error;
    }
  }
  return removed;
}

function text({ freedBytes, ...removed }: Pruned): string {
  const parts = Object.entries(removed).flatMap(([kind, names]) =>
    names.length === 0
      ? []
      : [`Removed ${kind}:\n${names.map((name) => `${safeLine(name)}\n`).join("")}\n`],
  );
  return `${parts.join("")}freed ${bytes(freedBytes)} of images\n`;
}
