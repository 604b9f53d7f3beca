import type { Command } from "commander";
import type { ContainerStatus, PortMapping, SandboxStatus } from "virtcontainers";
import type { Context } from "../../context.ts";
import { portsLine } from "../../network/ports.ts";
import { since } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { sweep } from "../../sandbox/sweep.ts";
import { examples } from "../examples.ts";

interface PsOptions {
  all?: boolean;
  quiet?: boolean;
  json?: boolean;
}

export function define(program: Command, context: Context): void {
  program
    .command("ps")
    .summary("list containers")
    .description("Lists the running containers.")
    .option("-a, --all", "also those that have ended or were not started")
    .option("-q, --quiet", "only the names of the sandboxes")
    .option("--json", "print JSON")
    .action((options: PsOptions) => ps(options, context))
    .addHelpText(
      "after",
      examples("virtc ps", "virtc ps -a --json", "virtc rm -f $(virtc ps -aq)"),
    );
}

async function ps(options: PsOptions, context: Context): Promise<void> {
  const library = await context.library();
  const sandboxes = await sweep(library);
  sandboxes.sort((a, b) => b.createdAt.localeCompare(a.createdAt) || a.id.localeCompare(b.id));
  const rows = sandboxes
    .flatMap((sandbox) => rowsOf(sandbox))
    .filter((row) => options.all || row.state === "running" || row.state === "paused");
  context.stdout.write(render(rows, options));
}

function render(rows: readonly Row[], options: PsOptions): string {
  if (options.json) return json(rows);
  if (options.quiet) return [...new Set(rows.map((row) => `${row.sandbox}\n`))].join("");
  return table(
    ["SANDBOX", "CONTAINER", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS"],
    rows.map((row) => [
      row.sandbox,
      row.container ?? "-",
      row.image ?? "-",
      shortened(row.command.join(" ")),
      `${since(row.createdAt)} ago`,
      statusText(row),
      portsLine(row.ports) || "-",
    ]),
  );
}

interface Row {
  sandbox: string;
  container: string | null;
  image: string | null;
  command: readonly string[];
  state: SandboxStatus["state"];
  exitCode: number | null;
  exitedAt: string | null;
  createdAt: string;
  startedAt: string | null;
  vmmPid: number | null;
  ports: readonly PortMapping[];
  annotations: Readonly<Record<string, string>>;
}

/** One row for each container; a sandbox without one has a row too. */
function rowsOf(sandbox: SandboxStatus): Row[] {
  const common = {
    sandbox: sandbox.id,
    vmmPid: sandbox.vmm?.pid ?? null,
    ports: sandbox.ports,
    annotations: sandbox.annotations,
  };
  if (sandbox.containersStatus.length > 0) {
    const halted = sandbox.state === "paused" ? { state: sandbox.state } : {};
    return sandbox.containersStatus.map((container) => ({
      ...common,
      ...containerRow(container),
      ...(container.state === "running" && halted),
    }));
  }
  const { state, createdAt } = sandbox;
  const none = { container: null, image: null, exitCode: null, exitedAt: null, startedAt: null };
  return [{ ...common, ...none, command: [], state, createdAt }];
}

function containerRow(
  container: ContainerStatus,
): Omit<Row, "sandbox" | "vmmPid" | "annotations" | "ports"> {
  return {
    container: container.id,
    image: container.image ?? container.rootFs ?? null,
    command: container.cmd,
    state: container.state,
    exitCode: container.exitCode ?? null,
    exitedAt: container.exitedAt ?? null,
    createdAt: container.createdAt,
    startedAt: container.startTime || null,
  };
}

function statusText(row: Row): string {
  if (row.state === "running") return `running ${since(row.startedAt ?? row.createdAt)}`;
  if (row.state !== "stopped") return row.state;
  const code = row.exitCode === null ? "" : ` (${row.exitCode})`;
  return `exited${code}${row.exitedAt === null ? "" : ` ${since(row.exitedAt)} ago`}`;
}

function shortened(text: string): string {
  return text.length > 30 ? `${text.slice(0, 27)}...` : text;
}
