import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineGroup } from "../group.ts";
import { define as create } from "./create/command.ts";
import { define as remove } from "./delete.ts";
import { define as list } from "./list.ts";
import { define as pause } from "./pause.ts";
import { define as resume } from "./resume.ts";
import { define as run } from "./run.ts";
import { define as start } from "./start.ts";
import { define as stats } from "./stats.ts";
import { define as status } from "./status.ts";
import { define as stop } from "./stop.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "sandbox",
    alias: "pod",
    summary: "manage sandboxes, each a VM with any number of containers",
    description:
      "Manages sandboxes. A sandbox is a VM in which any number of containers run; `virtc container`\n" +
      "manages those. `virtc run` makes a sandbox with one container in a single step.",
    examples: [
      "virtc sandbox create --id pod1 --cpus 2 --memory 512m",
      "virtc container create --id web --image busybox pod1 httpd -f",
      "virtc sandbox start pod1",
      "virtc sandbox list",
      "virtc sandbox delete --force pod1",
    ],
    parts: [create, start, stop, remove, run, list, status, pause, resume, stats],
  });
}
