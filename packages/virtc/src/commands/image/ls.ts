import type { Command } from "commander";
import type { Image } from "virtcontainers";
import type { Context } from "../../context.ts";
import { bytes, since } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { examples } from "../examples.ts";

interface LsOptions {
  quiet?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("ls")
    .alias("list")
    .summary("list images")
    .description("Lists the images of this host.")
    .option("-q, --quiet", "only the digests")
    .option("--json", "print JSON")
    .action(async (options: LsOptions) => {
      const images = await (await context.library()).images.list();
      context.stdout.write(render(images, options));
    })
    .addHelpText("after", examples("virtc image ls", "virtc image ls --json"));
}

function render(images: readonly Image[], options: LsOptions): string {
  if (options.json) return json(images);
  if (options.quiet) return images.map((image) => `${image.digest}\n`).join("");
  return table(
    ["NAME", "DIGEST", "PLATFORM", "SIZE", "IMPORTED"],
    images.flatMap((image) =>
      (image.names.length > 0 ? image.names : ["-"]).map((name) => row(name, image)),
    ),
  );
}

function row(name: string, image: Image): string[] {
  const { os, architecture, variant } = image.platform;
  return [
    name,
    image.digest.replace(/^sha256:/, "").slice(0, 12),
    [os, architecture, variant].filter(Boolean).join("/"),
    bytes(image.sizeBytes),
    `${since(image.importedAt)} ago`,
  ];
}
