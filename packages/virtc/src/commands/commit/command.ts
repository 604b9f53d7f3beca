import { PassThrough } from "node:stream";
import type { Command } from "commander";
import type { Image, ImageHistory, ImportOptions } from "virtcontainers";
import { applyChanges } from "../../args/changes.ts";
import { collect } from "../../args/collect.ts";
import type { Context } from "../../context.ts";
import { showProgress } from "../../output/show-progress.ts";
import { withContainer } from "../../sandbox/with-container.ts";
import { writer } from "../../terminal/drained.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";
import { tellSkipped } from "../skipped.ts";

interface CommitOptions {
  author?: string;
  change: string[];
  message?: string;
  container?: string;
}

export function define(program: Command, context: Context): void {
  const command = pathOf(program, "commit");
  program
    .command("commit")
    .summary("make an image of a container")
    .description(
      "Makes an image of a container as it is now, with the configuration of its image, and prints its digest.\n" +
        "Its VM must run; what is mounted is left out. The container goes on meanwhile.",
    )
    .argument("<container>", "name of the container")
    .argument("<name>", "name of the image")
    .option("-a, --author <author>", "who made it")
    .option("-c, --change <instruction>", "apply an instruction of a Dockerfile", collect, [])
    .option("-m, --message <text>", "what was changed")
    .option("--container <container>", "which one, where the sandbox has several")
    .action((name: string, image: string, options: CommitOptions) =>
      commit(name, image, options, context),
    )
    .addHelpText(
      "after",
      examples(
        `${command} web web:2`,
        `${command} -m 'with curl' --change 'CMD ["curl"]' web web:curl`,
      ),
    );
}

async function commit(
  name: string,
  image: string,
  options: CommitOptions,
  context: Context,
): Promise<void> {
  const library = await context.library();
  const { images } = library;
  const made = await withContainer(
    name,
    options.container,
    context,
    async (sandbox, id, signal) => {
      const { imageDigest } = await library.statusContainer(sandbox.id, id, { signal });
      const base =
        imageDigest === undefined ? undefined : await images.get(imageDigest, { signal });
      const steps = base === undefined ? [] : await images.history(base.digest, { signal });
      const described = await describe(base, steps, options);
      const tar = new PassThrough();
      const progress = showProgress(image, context);
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      const imported = images
        .import(tar, { name: image, ...described, signal, onProgress: progress.update })
        .catch((error: unknown) => {
          stop.abort(error);
          throw error;
        })
        .finally(progress.end);
      // It is awaited below, whichever of the two fails.
      imported.catch(() => {});
      const how = { withoutMounts: true, signal: either };
      try {
        const { skipped } = await sandbox.exportTar(id, "/.", writer(tar), how);
        tar.end();
        tellSkipped(skipped, context);
      } catch (error) {
        tar.destroy(error instanceof Error ? error : undefined);
        if (!stop.signal.aborted) throw error;
      }
      return await imported;
    },
  );
  context.stdout.write(`${made.digest}\n`);
}

async function describe(
  base: Image | undefined,
  steps: readonly ImageHistory[],
  { author, change, message }: CommitOptions,
): Promise<Pick<ImportOptions, "config" | "history">> {
  const before = [...steps].reverse().map(({ sizeBytes: _size, ...step }) => step);
  const last = {
    createdAt: new Date().toISOString(),
    createdBy: "virtc commit",
    ...(author !== undefined && { author }),
    ...(message !== undefined && { comment: message }),
  };
  const { emptyConfig } = await import("virtcontainers/config");
  return {
    config: applyChanges(base?.config ?? emptyConfig, change),
    history: [...before, last],
  };
}
