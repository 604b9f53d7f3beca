import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineGroup } from "../group.ts";
import { define as history } from "./history.ts";
import { define as importImage } from "./import.ts";
import { define as inspect } from "./inspect.ts";
import { define as load } from "./load.ts";
import { define as ls } from "./ls.ts";
import { define as prune } from "./prune.ts";
import { define as pull } from "./pull.ts";
import { define as push } from "./push.ts";
import { define as rm } from "./rm.ts";
import { define as save } from "./save.ts";
import { define as tag } from "./tag.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "image",
    summary: "manage images: ls, pull, push, load, save, import, tag, rm, prune, history, inspect",
    description: "Manages the images of this host.",
    examples: ["virtc image pull alpine:3", "virtc image ls", "virtc image rm alpine:3"],
    parts: [ls, pull, push, load, save, importImage, tag, rm, prune, history, inspect],
  });
}
