import * as v from "valibot";
import { VirtError } from "../../errors.ts";

/** What `ip -j` or `tc -j` has printed; nothing stands for an empty list. */
export function parseOutput<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  try {
    return v.parse(schema, text.trim() === "" ? [] : JSON.parse(text));
  } catch (cause) {
    throw new VirtError("HOST_FAILED", "the answer of iproute2 is not of the known form", {
      cause,
      hint: "Install iproute2 5.13 or newer.",
    });
  }
}
