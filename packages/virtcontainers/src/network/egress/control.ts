import * as v from "valibot";

/** What the helper is asked over its socket, one line of JSON. */
export const ControlRequestSchema = v.strictObject({ do: v.picklist(["reload", "status"]) });
export type ControlRequest = v.InferOutput<typeof ControlRequestSchema>;

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
