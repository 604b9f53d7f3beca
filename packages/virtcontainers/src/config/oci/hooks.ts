import * as v from "valibot";
import { absolutePath, argument, honoured, integer } from "../../validate.ts";

/** A program that is run at a moment of a container's life, with its state on stdin. */
export interface Hook {
  /** The program: an absolute path. */
  path: string;
  /** As execv takes them, with the program's name first. */
  args?: string[] | undefined;
  /** All that the hook finds in its environment. */
  env?: string[] | undefined;
  /** Seconds, after which it is killed. */
  timeout?: number | undefined;
}

export const HookSchema = v.object({
  path: absolutePath(),
  args: v.optional(v.array(argument())),
  env: v.optional(v.array(argument())),
  timeout: v.optional(integer(1, 2_147_483, "seconds")),
});

const list = v.optional(v.array(HookSchema));

/** `hooks` of the OCI runtime specification. */
export interface Hooks {
  /** Run on the host, before the container's first command. */
  prestart?: Hook[] | undefined;
  /** Run on the host, after prestart. */
  createRuntime?: Hook[] | undefined;
  /** Must be empty: hooks of the host in the container's namespaces, which are in the guest. */
  createContainer?: Hook[] | undefined;
  /** Run in the container, from its own root. */
  startContainer?: Hook[] | undefined;
  /** Run on the host, after the container's first command was started. */
  poststart?: Hook[] | undefined;
  /** Run on the host, after the container was deleted. */
  poststop?: Hook[] | undefined;
}

export const HooksSchema = v.object({
  prestart: list,
  createRuntime: list,
  createContainer: v.optional(
    v.pipe(
      v.array(HookSchema),
      honoured(
        (hooks) => hooks.length === 0,
        "hooks of the host in the container's namespaces, which are in the guest",
      ),
    ),
  ),
  startContainer: list,
  poststart: list,
  poststop: list,
});
