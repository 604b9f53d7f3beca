import type { Command } from "commander";
import type { Image } from "virtcontainers";
import type { Context } from "../../context.ts";
import { bytes, since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList } from "../list.ts";

export function define(group: Command, context: Context): void {
  defineList<Image>(group, context, {
    what: "images",
    key: { plural: "digests", of: ({ digest }) => digest },
    all: (library) => library.images.list(),
    table: (images) =>
      table(
        ["NAME", "DIGEST", "PLATFORM", "SIZE", "IMPORTED"],
        images.flatMap((image) =>
          (image.names.length > 0 ? image.names : ["-"]).map((name) => row(name, image)),
        ),
      ),
  });
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
