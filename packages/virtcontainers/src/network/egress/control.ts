import * as v from "valibot";
import { type HelperConfig, HelperConfigSchema } from "./helper-config.ts";

/** What the helper is asked over its socket, one line of JSON. */
export type ControlRequest = { do: "set"; config: HelperConfig } | { do: "status" };

export const ControlRequestSchema = v.union([
  v.strictObject({ do: v.literal("set"), config: HelperConfigSchema }),
  v.strictObject({ do: v.literal("status") }),
]);

/** What it answers, another line. */
export const ControlReplySchema = v.union([
  v.strictObject({ error: v.string() }),
  v.strictObject({
    /** Decisions so far, by `verdict kind rule`. */
    decisions: v.record(v.string(), v.number()),
    /** Packets and bytes that each rule of the kernel has counted. */
    packets: v.array(
      v.strictObject({
        rule: v.string(),
        verdict: v.string(),
        packets: v.number(),
        bytes: v.number(),
      }),
    ),
  }),
]);
export type ControlReply = v.InferOutput<typeof ControlReplySchema>;
