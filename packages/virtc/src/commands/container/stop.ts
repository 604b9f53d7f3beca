import type { Command } from "commander";
import { parseSeconds } from "../../args/duration.ts";
import { optional } from "../../args/optional.ts";
import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library } from "../../library.ts";
import { endContainer } from "../../sandbox/stop.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb<{ time?: string }>(group, context, {
    name: "stop",
    summary: "stop containers; the sandbox goes on",
    description:
      "Asks containers to end (SIGTERM), and kills those that have not ended in time. Their sandbox goes\n" +
      "on, and they can be started again.",
    examples: ["virtc container stop pod1 web", "virtc container stop -t 0 pod1 web job"],
    declare: (command) =>
      command.option(
        "-t, --time <seconds>",
        "how long to wait before killing (default: 10, or its own)",
      ),
    act: ({ time }) => {
      const graceMs = optional(time, (text) => parseSeconds("--time", text));
      return async (library, sandbox, name) => {
        const status = await library.statusContainer(sandbox, name);
        if (status.state === "running") await endContainer(library, sandbox, status, graceMs);
        await library.stopContainer(sandbox, name).catch(unlessStopped(library, sandbox, name));
      };
    },
  });
}

/** A VM may end with its container, as that of a detached `run` does: what was asked for is done then. */
function unlessStopped(library: Library, sandbox: string, name: string) {
  return async (error: unknown): Promise<void> => {
    if (!isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD")) throw error;
    const { state } = await library.statusContainer(sandbox, name);
    if (state !== "stopped") throw error;
  };
}
