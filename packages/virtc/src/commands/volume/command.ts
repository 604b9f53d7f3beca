import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineGroup } from "../group.ts";
import { define as create } from "./create.ts";
import { define as inspect } from "./inspect.ts";
import { define as ls } from "./ls.ts";
import { define as prune } from "./prune.ts";
import { define as rm } from "./rm.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "volume",
    summary: "manage volumes: create, ls, inspect, rm, prune",
    description: "Manages named volumes, whose data outlives the containers that use them.",
    examples: [
      "virtc volume create data",
      "virtc run -v data:/data alpine ls /data",
      "virtc volume rm data",
    ],
    parts: [create, ls, inspect, rm, prune],
  });
}
