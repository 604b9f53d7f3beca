import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { define as events } from "../events/command.ts";
import { defineGroup } from "../group.ts";
import { define as df } from "./df.ts";
import { define as info } from "./info.ts";
import { define as prune } from "./prune.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "system",
    summary: "this host as a whole: df, info, prune, events",
    description:
      "Tells and cleans up what containers, images, volumes and networks are on this host.",
    examples: ["virtc system df", "virtc system prune --force"],
    parts: [df, info, prune, events],
  });
}
