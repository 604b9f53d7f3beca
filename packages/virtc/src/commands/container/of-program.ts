import { define as attach } from "../attach/command.ts";
import { define as commit } from "../commit/command.ts";
import { define as cp } from "../cp/command.ts";
import type { Define } from "../define.ts";
import { define as exec } from "../exec/command.ts";
import { define as exportFiles } from "../export/command.ts";
import { define as inspect } from "../inspect/command.ts";
import { define as logs } from "../logs/command.ts";
import { define as port } from "../port/command.ts";
import { define as restart } from "../restart/command.ts";
import { define as run } from "../run/command.ts";
import { define as top } from "../top/command.ts";
import { define as wait } from "../wait/command.ts";

/** Commands of the program that are the same below `container`; the others there want the sandbox first. */
export const ofProgram: Readonly<Record<string, Define>> = {
  run,
  restart,
  exec,
  attach,
  logs,
  wait,
  inspect,
  port,
  top,
  cp,
  export: exportFiles,
  commit,
};
