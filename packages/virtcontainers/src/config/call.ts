import * as v from "valibot";
import { integer } from "../validate.ts";

/** Fields of the options of every call that waits, beside its own. */
export const callFields = {
  signal: v.optional(v.instance(AbortSignal, "it must be an AbortSignal")),
  timeoutMs: v.optional(integer(1, 2 ** 31 - 1, "ms")),
};
