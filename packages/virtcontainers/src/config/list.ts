import * as v from "valibot";
import type { CallOptions } from "../deadline.ts";
import { callFields } from "./call.ts";
import { AnnotationsSchema } from "./container.ts";
import { type State, StateSchema } from "./state.ts";

/** Which sandboxes are listed; those that all of it is true of. */
export interface ListOptions extends CallOptions {
  /** Those with all of these labels (annotations), each of that value. */
  labels?: Readonly<Record<string, string>> | undefined;
  /** Those in this state, or in one of these. */
  state?: State | readonly State[] | undefined;
}

export const ListOptionsSchema = v.strictObject({
  labels: v.optional(AnnotationsSchema),
  state: v.optional(v.lazy((input) => (Array.isArray(input) ? v.array(StateSchema) : StateSchema))),
  ...callFields,
});
