import type { Command } from "commander";
import type { Context } from "../../context.ts";
import type { Define } from "../define.ts";
import { defineGroup } from "../group.ts";
import { definePrune } from "../prune-things.ts";
import { definePs } from "../ps/command.ts";
import { define as create } from "./create/command.ts";
import { define as remove } from "./delete.ts";
import { define as enter } from "./enter.ts";
import { define as kill } from "./kill.ts";
import { ofProgram } from "./of-program.ts";
import { define as pause } from "./pause.ts";
import { define as ps } from "./ps.ts";
import { define as resume } from "./resume.ts";
import { define as start } from "./start.ts";
import { define as stats } from "./stats.ts";
import { define as status } from "./status.ts";
import { define as stop } from "./stop.ts";
import { define as update } from "./update.ts";

const list: Define = (group, context) => void definePs(group, context, "ls");

const prune: Define = (group, context) =>
  definePrune(group, context, {
    summary: "remove the containers that are stopped",
    description:
      "Removes all stopped containers with all that they left on this host, as `virtc gc --stopped`.",
    prune: async (library) => {
      const removed = await library.collectGarbage({ stopped: true });
      return removed.flatMap(({ kind, name }) => (kind === "sandbox" ? [name] : []));
    },
  });

export async function define(program: Command, context: Context): Promise<void> {
  await defineGroup(program, context, {
    name: "container",
    summary: "manage the containers of a sandbox one by one",
    description:
      "Manages the containers of a sandbox one by one. The sandbox comes first, then the container;\n" +
      "`ls`, `run`, `exec` and what else is a command of virtc too, with the same words, are as there.\n" +
      "Names of sandboxes are those of `virtc sandbox list` and `virtc ps`.",
    examples: [
      "virtc container create --id web --image busybox pod1 httpd -f",
      "virtc container start pod1 web",
      "virtc container enter pod1 web ps",
      "virtc container delete --force pod1 web",
    ],
    parts: [
      list,
      ...Object.values(ofProgram),
      prune,
      create,
      start,
      stop,
      remove,
      enter,
      kill,
      pause,
      resume,
      update,
      status,
      ps,
      stats,
    ],
  });
}
