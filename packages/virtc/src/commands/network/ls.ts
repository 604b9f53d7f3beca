import type { Command } from "commander";
import type { Network } from "virtcontainers";
import type { Context } from "../../context.ts";
import { beginningKey, labelKey, partKey, truthKey, wordKey } from "../../listing/keys.ts";
import { labelField, labelsLine, type View } from "../../listing/view.ts";
import { since } from "../../output/human.ts";
import { table } from "../../output/table.ts";
import { defineList } from "../list.ts";

const view: View<Network> = {
  ID: { header: "NETWORK ID", of: ({ name }) => name },
  Name: { header: "NAME", of: ({ name }) => name },
  Driver: { header: "DRIVER", of: ({ driver }) => driver },
  Scope: { header: "SCOPE", of: () => "local" },
  IPv6: {
    header: "IPV6",
    of: ({ subnets }) => subnets.some(({ subnet }) => subnet.includes(":")),
  },
  Internal: { header: "INTERNAL", of: ({ internal }) => internal },
  Labels: { header: "LABELS", of: ({ labels }) => labelsLine(labels) },
  Label: labelField(({ labels }) => labels),
  CreatedAt: { header: "CREATED AT", of: ({ createdAt }) => createdAt ?? "" },
  Subnets: {
    header: "SUBNETS",
    of: ({ subnets }) => subnets.map(({ subnet }) => subnet).join(","),
  },
};

export function define(group: Command, context: Context): void {
  defineList<Network, Network>(group, context, {
    what: "networks",
    key: { plural: "names", of: ({ name }) => name },
    all: (library) => library.networks.list(),
    rows: (networks) => networks,
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
    view: () => view,
    filters: {
      name: partKey("NAME", ({ name }) => [name]),
      id: beginningKey("ID", ({ name }) => [name]),
      driver: wordKey(["bridge", "cni"], ({ driver }) => [driver]),
      label: labelKey(({ labels }) => labels),
      dangling: truthKey(({ usedBy }) => usedBy.length === 0),
      type: wordKey(["custom", "builtin"], ({ driver, createdAt }) => [
        driver === "bridge" && createdAt === undefined ? "builtin" : "custom",
      ]),
    },
  });
}
