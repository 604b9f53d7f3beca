import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineGroup } from "../group.ts";
import { define as importImage } from "./import.ts";
import { define as inspect } from "./inspect.ts";
import { define as ls } from "./ls.ts";
import { define as prune } from "./prune.ts";
import { define as pull } from "./pull.ts";
import { define as rm } from "./rm.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "image",
    summary: "manage images: pull, import, ls, rm, prune, inspect",
    description: "Manages the images of this host.",
    examples: ["virtc image pull alpine:3", "virtc image ls", "virtc image rm alpine:3"],
    parts: [pull, importImage, ls, rm, prune, inspect],
  });
}
