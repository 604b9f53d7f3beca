import { setMaxListeners } from "node:events";
import { cli } from "./cli.ts";
import { cold } from "./cold.ts";
import { density } from "./density.ts";
import { exec } from "./exec.ts";
import { memory } from "./memory.ts";
import { net } from "./net.ts";
import { network } from "./network.ts";
import { type Benchmark, type Options, parseOptions, usage } from "./options.ts";
import { runInOwnNamespace } from "./own-namespace.ts";
import { type Figure, goalLine, jsonLine, type Phases, phaseLines, textLine } from "./report.ts";
import { stream } from "./stream.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

type Result = { figures: Figure[]; phases?: Phases[] };

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") return void process.stdout.write(usage);
  const code = await runInOwnNamespace();
  if (code !== undefined) {
    process.exitCode = code;
    return;
  }
  const stop = new AbortController();
  // Each connection of a benchmark waits for it.
  setMaxListeners(0, stop.signal);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => stop.abort(new Error(`ended by ${signal}`)));
  }
  process.stdout.on("error", (error) => stop.abort(error));
  await using place = await openWorkplace(options, stop.signal);
  for (const name of options.only) print(await measure(name, place, options), options);
}

function measure(name: Benchmark, place: Workplace, options: Options): Promise<Result> {
  switch (name) {
    case "cold":
      return cold(place);
    case "cli":
      return cli(place);
    case "exec":
      return exec(place);
    case "stream":
      return stream(place);
    case "network":
      return network(place);
    case "net":
      return net(place);
    case "memory":
      return memory(place);
    case "density":
      return density(place, options.densityLimitMiB);
  }
}

/** Figures on standard output; with --json, what is not a figure goes to standard error. */
function print({ figures, phases = [] }: Result, { json }: Options): void {
  const aside = json ? process.stderr : process.stdout;
  for (const figure of figures) {
    process.stdout.write(`${json ? jsonLine(figure) : textLine(figure)}\n`);
    const goal = goalLine(figure);
    if (json && goal !== undefined) aside.write(`bench: ${figure.name}: ${goal}\n`);
  }
  for (const part of phases) aside.write(`${phaseLines(part)}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
