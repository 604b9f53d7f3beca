import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { integer } from "../validate.ts";
import { callFields } from "./call.ts";

/** How a sandbox is monitored. */
export interface MonitorOptions extends CallOptions {
  /** How long after an answer the agent is asked again: ms, default 1000. */
  intervalMs?: number | undefined;
  /** How long the agent may take to answer before it counts as frozen: ms, default 5000. */
  answerMs?: number | undefined;
}

const ms = v.optional(integer(1, 2 ** 31 - 1, "ms"));

export const MonitorOptionsSchema = v.strictObject({ intervalMs: ms, answerMs: ms, ...callFields });
