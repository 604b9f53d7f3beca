#!/usr/bin/env node
import { runCli } from "./cli.ts";
import { processContext } from "./process.ts";

const context = processContext(process);
process.exitCode = await runCli(process.argv.slice(2), context);
await context.flush();
process.exit();
