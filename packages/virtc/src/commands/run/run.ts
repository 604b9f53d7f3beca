import { typedOf } from "../../container/typed.ts";
import type { Context } from "../../context.ts";
import { inOptionNames } from "../../errors/fields.ts";
import { SignalRelay } from "../../terminal/signals.ts";
import { libraryOptions } from "../../vm/config.ts";
import { foreground } from "./foreground.ts";
import { make } from "./make.ts";
import type { RunRequest } from "./request.ts";

/** Runs a container in a new VM; gives the exit code for the shell. */
export async function run(request: RunRequest, context: Context): Promise<number> {
  const relay = new SignalRelay(context.signals);
  const typed = typedOf(request.container.options, request.vm.options);
  try {
    const library = await context.library(libraryOptions(request.vm));
    const sandbox = await relay.race(make("runSandbox", request, library, relay.signal, context));
    if (!request.detach) return await foreground(request, sandbox, library, relay, context);
    await sandbox.release();
    context.stdout.write(`${request.id}\n`);
    return 0;
  } catch (error) {
    throw relay.causeOf(inOptionNames(error, typed));
  } finally {
    relay[Symbol.dispose]();
  }
}
