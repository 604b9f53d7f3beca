import type { Command } from "commander";
import type { Volume } from "virtcontainers";
import type { Context } from "../../context.ts";
import { labelKey, partKey, truthKey, wordKey } from "../../listing/keys.ts";
import { labelField, labelsLine, type View } from "../../listing/view.ts";
import { since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList } from "../list.ts";

const view: View<Volume> = {
  Name: { header: "VOLUME NAME", of: ({ name }) => name },
  Driver: { header: "DRIVER", of: ({ driver }) => driver },
  Scope: { header: "SCOPE", of: () => "local" },
  Mountpoint: { header: "MOUNTPOINT", of: ({ path }) => path },
  Labels: { header: "LABELS", of: ({ labels }) => labelsLine(labels) },
  Label: labelField(({ labels }) => labels),
  Links: { header: "LINKS", of: ({ usedBy }) => `${usedBy.length}` },
  Size: { header: "SIZE", of: ({ sizeMiB }) => (sizeMiB === undefined ? "N/A" : `${sizeMiB}MiB`) },
  CreatedAt: { header: "CREATED AT", of: ({ createdAt }) => createdAt },
};

export function define(group: Command, context: Context): void {
  defineList<Volume, Volume>(group, context, {
    what: "volumes",
    key: { plural: "names", of: ({ name }) => name },
    all: (library) => library.volumes.list(),
    rows: (volumes) => volumes,
    table: (volumes) =>
      table(
        ["NAME", "DRIVER", "SIZE", "USED BY", "CREATED"],
        volumes.map(({ name, driver, sizeMiB, usedBy, createdAt }) => [
          name,
          driver,
          sizeMiB === undefined ? "-" : `${sizeMiB} MiB`,
          usedBy.join(", ") || "-",
          `${since(createdAt)} ago`,
        ]),
      ),
    view: () => view,
    filters: {
      name: partKey("NAME", ({ name }) => [name]),
      driver: wordKey(["folder", "ext4"], ({ driver }) => [driver]),
      label: labelKey(({ labels }) => labels),
      dangling: truthKey(({ usedBy }) => usedBy.length === 0),
    },
  });
}
