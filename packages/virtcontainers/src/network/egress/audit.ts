import * as v from "valibot";

/** A decision about what the guest wanted: one line of JSON in the log. */
export interface EgressDecision {
  /** When, as ISO 8601. */
  time: string;
  verdict: "allow" | "deny";
  /** What was wanted: a name resolved, a connection to a name, an address reached. */
  kind: "dns" | "tls" | "http" | "packet";
  /** The rule that decided; `default`, or `builtin` for what is always denied. */
  rule: string;
  name?: string | undefined;
  address?: string | undefined;
  port?: number | undefined;
  protocol?: string | undefined;
  /** Why, where the rule does not tell. */
  reason?: string | undefined;
  /** Of DNS: the type that was asked for. */
  type?: string | undefined;
  /** How many like it were left out just before, since there were too many. */
  skipped?: number | undefined;
}

const optionalText = v.optional(v.string());

export const EgressDecisionSchema = v.strictObject({
  time: v.string(),
  verdict: v.picklist(["allow", "deny"]),
  kind: v.picklist(["dns", "tls", "http", "packet"]),
  rule: v.string(),
  name: optionalText,
  address: optionalText,
  port: v.optional(v.number()),
  protocol: optionalText,
  reason: optionalText,
  type: optionalText,
  skipped: v.optional(v.number()),
});
