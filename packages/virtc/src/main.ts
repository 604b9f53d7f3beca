import { argumentsOf } from "./arguments.ts";
import { runCli } from "./cli.ts";
import { exitCodes, report } from "./errors/report.ts";
import { UsageError } from "./errors/usage.ts";
import { processContext } from "./process.ts";

const context = processContext(process);
const argv = argumentsOf(process.argv.slice(2));
if (argv === undefined) {
  const why = "Node.js would take some of its arguments for its own.";
  report(new UsageError("this file is not for node to run", `Run bin/virtc: ${why}`), context);
  process.exitCode = exitCodes.failed;
} else {
  process.exitCode = await runCli(argv, context);
}
await context.flush();
process.exit();
