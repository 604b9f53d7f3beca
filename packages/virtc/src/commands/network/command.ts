import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineGroup } from "../group.ts";
import { define as check } from "./check.ts";
import { define as connect } from "./connect.ts";
import { define as create } from "./create.ts";
import { define as disconnect } from "./disconnect.ts";
import { define as inspect } from "./inspect.ts";
import { define as log } from "./log.ts";
import { define as ls } from "./ls.ts";
import { define as policy } from "./policy.ts";
import { define as prune } from "./prune.ts";
import { define as rm } from "./rm.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "network",
    summary:
      "manage networks: create, ls, inspect, rm, prune, connect, disconnect, check, policy, log",
    description:
      "Manages networks. Containers of one network reach each other, by name too; what is not on it reaches\n" +
      "them by published ports alone. `policy` and `log` are about where one container may connect to.",
    examples: [
      "virtc network create front",
      "virtc run -d --name web --network front -p 8080:80 busybox httpd -f",
      "virtc run --rm --network front busybox wget -qO- http://web/etc/hostname",
      "virtc network rm front",
    ],
    parts: [create, ls, inspect, rm, prune, connect, disconnect, check, policy, log],
  });
}
