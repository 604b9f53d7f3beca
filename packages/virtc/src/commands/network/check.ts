import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { exitCodes } from "../../errors/report.ts";
import { json } from "../../output/json.ts";
import { safe } from "../../output/safe.ts";
import { examples } from "../examples.ts";
import { forEachName } from "../for-each-name.ts";

interface Checked {
  name: string;
  wrong: readonly string[];
}

export function define(group: Command, context: Context): void {
  group
    .command("check")
    .summary("look whether what networks are made of is as it was made")
    .description(
      "Asks the CNI plugins of networks whether they are ready, and whether the links, addresses and rules of all\n" +
        "containers in them are as they made them. All networks, unless some are named. The exit code is 125\n" +
        "where something is wrong.",
    )
    .argument("[network...]", "names")
    .option("--json", "print JSON: each network with what is wrong")
    .action(async (names: string[], options: { json?: boolean }) => {
      const { networks } = await context.library();
      const asked = names.length > 0 ? names : (await networks.list()).map(({ name }) => name);
      const checked: Checked[] = [];
      await forEachName(asked, context, async (name) => {
        checked.push({ name, wrong: await networks.check(name) });
      });
      context.stdout.write(options.json ? json(checked) : report(checked));
      if (checked.some(({ wrong }) => wrong.length > 0)) context.exitCode = exitCodes.failed;
    })
    .addHelpText("after", examples("virtc network check", "virtc network check front --json"));
}

function report(checked: readonly Checked[]): string {
  const lines = checked.flatMap(({ name, wrong }) =>
    wrong.length === 0 ? [`${name}: as it was made`] : wrong.map((what) => `${name}: ${what}`),
  );
  const isBroken = checked.some(({ wrong }) => wrong.length > 0);
  if (isBroken) lines.push("What is broken of a container is made anew when it starts again.");
  return lines.map((line) => `${safe(line)}\n`).join("");
}
