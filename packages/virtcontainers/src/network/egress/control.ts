import * as v from "valibot";
import { type HelperConfig, HelperConfigSchema } from "./helper-config.ts";

/** What the helper is asked over its socket, one line of JSON. */
export type ControlRequest = { do: "set"; config: HelperConfig } | { do: "status" };

export const ControlRequestSchema = v.union([
  v.strictObject({ do: v.literal("set"), config: HelperConfigSchema }),
  v.strictObject({ do: v.literal("status") }),
]);

/** What a policy has decided so far. */
export interface EgressCounts {
  /** Decisions, by `verdict kind rule`. */
  decisions: Record<string, number>;
  /** Packets and bytes by the rule that decided about them by their addresses. */
  rules: { rule: string; verdict: string; packets: number; bytes: number }[];
}

/** What it answers, another line. */
export const ControlReplySchema = v.union([
  v.strictObject({ error: v.string() }),
  v.strictObject({
    decisions: v.record(v.string(), v.number()),
    rules: v.array(
      v.strictObject({
        rule: v.string(),
        verdict: v.string(),
        packets: v.number(),
        bytes: v.number(),
      }),
    ),
  }),
]);
export type ControlReply = { error: string } | EgressCounts;
