import * as v from "valibot";
import { absolutePath, argument, honoured, integer } from "../../validate.ts";

export const Hook = v.object({
  path: absolutePath(),
  /** As execv takes them, with the program's name first. */
  args: v.optional(v.array(argument())),
  /** All that the hook finds in its environment. */
  env: v.optional(v.array(argument())),
  /** Seconds, after which it is killed. */
  timeout: v.optional(integer(1, 2_147_483, "seconds")),
});
export type Hook = v.InferInput<typeof Hook>;

const list = v.optional(v.array(Hook));

/** `hooks` of the OCI runtime specification. */
export const Hooks = v.object({
  prestart: list,
  createRuntime: list,
  createContainer: v.optional(
    v.pipe(
      v.array(Hook),
      honoured(
        (hooks) => hooks.length === 0,
        "hooks of the host in the container's namespaces, which are in the guest",
      ),
    ),
  ),
  /** Run in the container, from its own root. */
  startContainer: list,
  poststart: list,
  poststop: list,
});
export type Hooks = v.InferInput<typeof Hooks>;
