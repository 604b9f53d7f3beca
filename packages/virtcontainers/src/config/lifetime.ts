import * as v from "valibot";
import { honoured, integer } from "../validate.ts";

/** Known, and not built. */
const suspend = "suspend";

const longest = 2 ** 31 - 1;

/** How long a sandbox lasts, kept by its own VM: whoever made it may be long gone. */
export interface Lifetime {
  /** Milliseconds from each start of its VM on, 1000 to 2^31 - 1; default: no end. */
  timeoutMs?: number | undefined;
  /** Milliseconds without a call that does something in it, and without output of what is detached; 1000 to 2^31 - 1. */
  idleTimeoutMs?: number | undefined;
  /** Then its VM ends, and the sandbox is stopped (default), or is deleted by whoever looks next. */
  onTimeout?: "stop" | "delete" | undefined;
}

const time = v.optional(integer(1000, longest, "ms"));

export const LifetimeSchema = v.strictObject({
  timeoutMs: time,
  idleTimeoutMs: time,
  onTimeout: v.optional(
    v.pipe(
      v.custom<"stop" | "delete">(
        (then) => ["stop", "delete", suspend].includes(String(then)),
        "it must be stop or delete",
      ),
      honoured<"stop" | "delete">(
        (then) => String(then) !== suspend,
        "a VM can't be kept on disk yet; stop or delete",
      ),
    ),
  ),
});

/** Of setTimeout: undefined is no end. */
export const TimeoutSchema = time;
