import type { SandboxConfig } from "virtcontainers";
import { obtainImage } from "../../container/image.ts";
import { obtainVolumes } from "../../container/mounts.ts";
import { typedOf } from "../../container/typed.ts";
import type { Context } from "../../context.ts";
import { inOptionNames } from "../../errors/fields.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { networkPart } from "../../network/config.ts";
import { obtainPorts } from "../../network/obtain-ports.ts";
import { orDefault } from "../../network/or-default.ts";
import { clientAnnotation, nobody, removeAnnotation, thisClient } from "../../sandbox/owner.ts";
import { sweep } from "../../sandbox/sweep.ts";
import { terminalSize } from "../../terminal/raw.ts";
import { SignalRelay } from "../../terminal/signals.ts";
import { libraryOptions } from "../../vm/config.ts";
import { ownContainer, sandboxConfig } from "./config.ts";
import { foreground } from "./foreground.ts";
import { join } from "./join.ts";
import type { RunRequest } from "./request.ts";

/** Runs a container in a new VM; gives the exit code for the shell. */
export async function run(request: RunRequest, context: Context): Promise<number> {
  const relay = new SignalRelay(context.signals);
  const typed = typedOf(request.container.options, request.vm.options);
  try {
    const library = await context.library(libraryOptions(request.vm));
    const sandbox = await relay.race(start(request, library, relay.signal, context));
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

async function start(
  request: RunRequest,
  library: Library,
  signal: AbortSignal,
  context: Context,
): Promise<SandboxHandle> {
  const image = await obtainImage(request.container, library, signal, context);
  await obtainVolumes(request.container, library, signal);
  const size = request.tty ? terminalSize(context.stdout) : undefined;
  if (request.joins !== undefined)
    return await join(request.joins, ownContainer(request, size), library, signal);
  const ports = await obtainPorts(request.network, image, library, signal);
  const network = networkPart(await orDefault(request.network, library, signal), ports);
  const config = sandboxConfig(request, size, await annotations(request), network);
  return await runSandbox(library, config, signal);
}

async function annotations(request: RunRequest): Promise<Record<string, string>> {
  return {
    ...(request.remove && { [removeAnnotation]: "true" }),
    [clientAnnotation]: request.detach ? nobody : await thisClient(),
  };
}

/** A name may be held by a container that has ended and that nobody removed yet. */
async function runSandbox(
  library: Library,
  config: SandboxConfig,
  signal: AbortSignal,
): Promise<SandboxHandle> {
  try {
    return await library.runSandbox(config, { signal });
  } catch (error) {
    if (!isLibraryError(error, "ALREADY_EXISTS")) throw error;
    const left = await sweep(library, signal);
    if (left.some((status) => status.id === config.id)) throw error;
    return await library.runSandbox(config, { signal });
  }
}
