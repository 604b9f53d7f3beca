import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { declareResourceOptions, type ResourceOptions } from "../../resources/options.ts";
import { parseContainerUpdate } from "../update/request.ts";
import { defineContainerVerb } from "./verb.ts";

export function define(group: Command, context: Context): void {
  defineContainerVerb<ResourceOptions>(group, context, {
    name: "update",
    summary: "change the limits of running containers",
    description:
      "Changes the limits of containers while they run; what is not named stays. The VM grows to what\n" +
      "its containers may use.",
    examples: [
      "virtc container update --memory 128m pod1 web",
      "virtc container update --cpus 1.5 --pids-limit 200 pod1 web job",
    ],
    declare: (command) =>
      declareResourceOptions(command, {
        cpus: "CPU time it can use, such as 2 or 0.5",
        memory: "memory it can use, such as 512m or 1g",
      }),
    act: (options) => {
      const limits = parseContainerUpdate(options);
      return (library, sandbox, name) => library.updateContainer(sandbox, name, limits);
    },
  });
}
