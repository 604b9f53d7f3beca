import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { deleteSandbox } from "../../sandbox/delete.ts";
import { defineSandboxVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineSandboxVerb<{ force?: boolean }>(group, context, {
    name: "delete",
    summary: "delete sandboxes",
    description: "Deletes sandboxes and all that they left on this host.",
    examples: ["virtc sandbox delete pod1", "virtc sandbox delete --force pod1 pod2"],
    declare: (command) => command.option("-f, --force", "also those that run, by killing them"),
    act:
      ({ force = false }) =>
      (library, name) =>
        deleteSandbox(library, name, force, "virtc sandbox delete -f"),
  });
}
