import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { defineSandboxVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineSandboxVerb(group, context, {
    name: "pause",
    summary: "halt the VMs of sandboxes",
    description: "Halts the VMs of sandboxes with all that is in them, until they are resumed.",
    examples: ["virtc sandbox pause pod1"],
    act: () => (library, name) => library.pauseSandbox(name),
  });
}
