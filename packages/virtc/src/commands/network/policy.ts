import type { Command } from "commander";
import type { EgressStatus } from "virtcontainers";
import { collect } from "../../args/collect.ts";
import { parseEgress } from "../../args/network/egress.ts";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { examples } from "../examples.ts";

interface PolicyOptions {
  egress: string[];
  json?: boolean;
}

export function define(group: Command, context: Context): void {
  group
    .command("policy")
    .summary("tell or change where a container may connect to")
    .description(
      "Tells the egress policy of a container's VM and what it has decided. With --egress it is replaced by that\n" +
        "policy first, at once and for open connections too.",
    )
    .argument("<container>", "name of the container")
    .option("--egress <rule>", "a rule of the new policy, as of run", collect, [])
    .option("--json", "print JSON")
    .action(async (name: string, options: PolicyOptions) => {
      const policy = parseEgress(options.egress);
      const library = await context.library();
      if (policy !== undefined) await library.setEgress(name, policy);
      const status = await library.egressStatus(name);
      context.stdout.write(options.json ? json(status) : lines(status));
    })
    .addHelpText(
      "after",
      examples(
        "virtc network policy web",
        "virtc network policy web --egress allow:example.com:443 --egress allow:198.51.100.7:5432",
      ),
    );
}

/** The rules as they count, with what each has decided by address and by name. */
function lines({ decisions, rules }: EgressStatus): string {
  const named = Object.entries(decisions).map(([key, count]) => {
    const [verdict = "", kind = "", ...rule] = key.split(" ");
    return [verdict, rule.join(" "), kind, String(count)];
  });
  const rows = rules.map(({ verdict, rule, packets }) => [verdict, rule, "packets", `${packets}`]);
  const byName = named.filter(([, , kind]) => kind !== "packet");
  return table(["VERDICT", "RULE", "WHAT", "COUNT"], [...rows, ...byName]);
}
