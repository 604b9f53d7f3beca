import type { Command } from "commander";
import type { Volume } from "virtcontainers";
import type { Context } from "../../context.ts";
import { since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList } from "../list.ts";

export function define(group: Command, context: Context): void {
  defineList<Volume>(group, context, {
    what: "volumes",
    key: { plural: "names", of: ({ name }) => name },
    all: (library) => library.volumes.list(),
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
  });
}
