import type { Command } from "commander";
import type { HostCheck } from "virtcontainers/host";
import type { Context } from "../../context.ts";
import { exitCodes } from "../../errors/report.ts";
import { paint } from "../../output/colour.ts";
import { json } from "../../output/json.ts";
import { safeLine } from "../../output/safe.ts";
import { examples } from "../examples.ts";
import { checkThisHost } from "./run.ts";

export function define(program: Command, context: Context): void {
  program
    .command("check")
    .summary("tell what this host can and can't do, and how to mend it")
    .description(
      "Tells what this host can and can't do, and how to mend it. The exit code is 125 if something is\n" +
        "missing without which no container runs.",
    )
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const checks = await checkThisHost(context);
      context.stdout.write(options.json ? json(checks) : render(checks, context));
      if (checks.some((check) => check.required && !check.ok)) context.exitCode = exitCodes.failed;
    })
    .addHelpText("after", examples("virtc check", "virtc check --json"));
}

function render(checks: readonly HostCheck[], context: Context): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  return checks.map((check) => line(check, width, context)).join("") + summary(checks);
}

function line(check: HostCheck, width: number, context: Context): string {
  const { id, ok, detail, neededFor, remedy } = check;
  const head = `${mark(check, context)}  ${id.padEnd(width)}  ${safeLine(detail)}\n`;
  if (ok) return head;
  const margin = " ".repeat(width + 11);
  const mend = remedy === undefined ? "" : `${margin}${safeLine(remedy)}\n`;
  return `${head}${margin}needed for ${neededFor}\n${mend}`;
}

function mark({ ok, required }: HostCheck, { stdout, env }: Context): string {
  if (ok) return paint("green", "ok     ", stdout, env);
  return required ? paint("red", "missing", stdout, env) : paint("yellow", "without", stdout, env);
}

function summary(checks: readonly HostCheck[]): string {
  const missing = checks.filter((check) => check.required && !check.ok).map(({ id }) => id);
  if (missing.length === 0) return "\nThis host can run containers.\n";
  return `\nThis host can't run containers yet: ${missing.join(", ")} missing.\n`;
}
