import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { parseTop } from "../top/options.ts";
import { top } from "../top/run.ts";

export function define(group: Command, context: Context): void {
  group
    .command("ps")
    .summary("list the processes of a container")
    .description(
      "Lists the processes of a container once, as seen from the guest. What follows the container's name\n" +
        "are arguments of ps, such as aux or -o pid,user,args. `virtc top` shows them live.",
    )
    .argument("<sandbox>", "name of the sandbox")
    .argument("<container>", "name of the container")
    .argument("[ps-argument...]", "arguments of ps (default: -ef)")
    .passThroughOptions()
    .option("--json", "print JSON")
    .action((sandbox: string, container: string, args: string[], options: { json?: boolean }) => {
      const once = parseTop({ ...options, live: false, interval: "2s" }, context);
      return top({ sandbox, container, args, ...once }, context);
    })
    .addHelpText(
      "after",
      examples("virtc container ps pod1 web", "virtc container ps pod1 web aux"),
    );
}
