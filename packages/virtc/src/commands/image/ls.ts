import type { Command } from "commander";
import type { Image } from "virtcontainers";
import type { Context } from "../../context.ts";
import type { View } from "../../listing/view.ts";
import { bytes, since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList, type List } from "../list.ts";
import { imageFilters } from "./filter.ts";

/** An image by one of its names; null: it has none. */
export interface ImageRow {
  name: string | null;
  image: Image;
}

/** The images of this host. */
export const imageList: List<Image, ImageRow> = {
  what: "images",
  key: { plural: "digests", of: ({ digest }) => digest },
  all: (library) => library.images.list(),
  rows: (images) =>
    images.flatMap((image) =>
      (image.names.length > 0 ? image.names : [null]).map((name) => ({ name, image })),
    ),
  table: (rows, trunc) =>
    table(
      ["NAME", "DIGEST", "PLATFORM", "SIZE", "IMPORTED"],
      rows.map(({ name, image }) => [
        name ?? "-",
        idOf(image, trunc),
        platformOf(image),
        bytes(image.sizeBytes),
        `${since(image.importedAt)} ago`,
      ]),
    ),
  view: imageView,
  filters: imageFilters,
};

export function define(group: Command, context: Context): void {
  defineList(group, context, imageList);
}

/** The digest, without its algorithm and cut as docker's ids are, or whole. */
function idOf({ digest }: Image, trunc: boolean): string {
  return trunc ? digest.replace(/^sha256:/, "").slice(0, 12) : digest;
}

function platformOf({ platform: { os, architecture, variant } }: Image): string {
  return [os, architecture, variant].filter(Boolean).join("/");
}

function imageView(trunc: boolean): View<ImageRow> {
  return {
    ID: { header: "IMAGE ID", of: ({ image }) => idOf(image, trunc) },
    Repository: { header: "REPOSITORY", of: ({ name }) => nameParts(name).repository },
    Tag: { header: "TAG", of: ({ name }) => nameParts(name).tag },
    Digest: { header: "DIGEST", of: ({ image }) => image.digest },
    CreatedSince: { header: "CREATED", of: ({ image }) => `${since(image.createdAt)} ago` },
    CreatedAt: { header: "CREATED AT", of: ({ image }) => image.createdAt },
    Size: { header: "SIZE", of: ({ image }) => bytes(image.sizeBytes) },
    Platform: { header: "PLATFORM", of: ({ image }) => platformOf(image) },
    ImportedAt: { header: "IMPORTED AT", of: ({ image }) => image.importedAt },
  };
}

/** What stands before and behind the colon of a name's tag. */
function nameParts(name: string | null): { repository: string; tag: string } {
  const [, repository = "<none>", tag = "<none>"] =
    /^(.*?)(?::([^:/@]+))?$/.exec(name ?? "<none>") ?? [];
  return { repository, tag };
}
