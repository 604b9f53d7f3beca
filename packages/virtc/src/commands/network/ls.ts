import type { Command } from "commander";
import type { Network } from "virtcontainers";
import type { Context } from "../../context.ts";
import { since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList } from "../list.ts";

export function define(group: Command, context: Context): void {
  defineList<Network>(group, context, {
    what: "networks",
    key: { plural: "names", of: ({ name }) => name },
    all: (library) => library.networks.list(),
    table: (networks) =>
      table(
        ["NAME", "DRIVER", "SUBNETS", "USED BY", "CREATED"],
        networks.map(({ name, driver, subnets, internal, usedBy, createdAt }) => [
          name,
          internal ? `${driver} (internal)` : driver,
          subnets.map(({ subnet }) => subnet).join(", ") || "-",
          usedBy.join(", ") || "-",
          createdAt === undefined ? "-" : `${since(createdAt)} ago`,
        ]),
      ),
  });
}
