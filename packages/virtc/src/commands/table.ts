import type { Command } from "commander";
import type { Context } from "../context.ts";
import { define as check } from "./check.ts";
import { define as complete } from "./complete.ts";
import { define as completion } from "./completion.ts";
import { define as exec } from "./exec.ts";
import { define as image } from "./image.ts";
import { define as inspect } from "./inspect.ts";
import { define as kill } from "./kill.ts";
import { define as logs } from "./logs.ts";
import { define as ps } from "./ps.ts";
import { define as rm } from "./rm.ts";
import { define as run } from "./run.ts";
import { define as setup } from "./setup.ts";
import { define as stop } from "./stop.ts";
import { define as version } from "./version.ts";
import { define as wait } from "./wait.ts";

/** Adds a command to the program. */
export type Define = (program: Command, context: Context) => void;

/** Every command, in the order in which help lists them. */
export const commands: Readonly<Record<string, Define>> = {
  run,
  exec,
  ps,
  logs,
  wait,
  stop,
  kill,
  rm,
  inspect,
  image,
  setup,
  check,
  version,
  completion,
  __complete: complete,
};

export const commandNames = Object.keys(commands);
