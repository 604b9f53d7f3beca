import type { Command } from "commander";
import type { Context } from "../context.ts";
import { define as create } from "./container/create.ts";
import { define as remove } from "./container/delete.ts";
import { define as enter } from "./container/enter.ts";
import { define as kill } from "./container/kill.ts";
import { define as pause } from "./container/pause.ts";
import { define as ps } from "./container/ps.ts";
import { define as resume } from "./container/resume.ts";
import { define as start } from "./container/start.ts";
import { define as stats } from "./container/stats.ts";
import { define as status } from "./container/status.ts";
import { define as stop } from "./container/stop.ts";
import { define as update } from "./container/update.ts";
import { defineGroup } from "./group.ts";

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "container",
    summary: "manage the containers of a sandbox one by one",
    description:
      "Manages the containers of a sandbox one by one. The sandbox comes first, then the container.\n" +
      "Names of sandboxes are those of `virtc sandbox list` and `virtc ps`.",
    examples: [
      "virtc container create --id web --image busybox pod1 httpd -f",
      "virtc container start pod1 web",
      "virtc container enter pod1 web ps",
      "virtc container delete --force pod1 web",
    ],
    parts: [create, start, stop, remove, enter, kill, pause, resume, update, status, ps, stats],
  });
}
