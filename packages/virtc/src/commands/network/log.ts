import type { Command } from "commander";
import type { EgressDecision } from "virtcontainers";
import type { Context } from "../../context.ts";
import { jsonLine } from "../../output/json.ts";
import { safeLine } from "../../output/safe.ts";
import { drained } from "../../terminal/drained.ts";
import { examples } from "../examples.ts";

interface LogOptions {
  follow?: boolean;
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("log")
    .summary("print where a container wanted to connect to, and what was decided")
    .description(
      "Prints what the egress policy of a container's VM has decided: a line for each name that was asked for\n" +
        "and each connection, allowed or denied, with the rule that decided.",
    )
    .argument("<container>", "name of the container")
    .option("-f, --follow", "go on until the VM ends")
    .option("--json", "print JSON, one object a line")
    .action(async (name: string, { follow = false, json = false }: LogOptions) => {
      const library = await context.library();
      for await (const decision of library.egressLog(name, { follow })) {
        const line = json ? jsonLine(decision) : lineOf(decision);
        if (!context.stdout.write(`${line}\n`)) await drained(context.stdout);
      }
    })
    .addHelpText("after", examples("virtc network log web", "virtc network log -f --json web"));
}

function lineOf(decision: EgressDecision): string {
  const { time, verdict, kind, name, type, address, port, protocol, rule, reason } = decision;
  const at = address?.includes(":") && port !== undefined ? `[${address}]` : address;
  const place = port === undefined ? at : `${at ?? ""}:${port}`;
  const what = [kind, name, type, place, protocol].filter((part) => part !== undefined);
  const why = reason === undefined ? "" : `: ${reason}`;
  return safeLine(`${time} ${verdict} ${what.join(" ")} (${rule}${why})`);
}
