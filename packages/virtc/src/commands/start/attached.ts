import { keysOf } from "../../args/detach-keys.ts";
import { parseTruth } from "../../args/truth.ts";
import type { Context } from "../../context.ts";
import { clientAnnotation, removeAnnotation, thisClient } from "../../sandbox/owner.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { startSandbox } from "../../sandbox/start.ts";
import { stopSandbox } from "../../sandbox/stop.ts";
import { SignalRelay } from "../../terminal/signals.ts";
import { attachByLog } from "../attach/by-log.ts";
import type { AttachOptions } from "../attach/options.ts";
import { requireAttachable } from "../attach/requirements.ts";

/** Starts a container and stays with it until it ends; gives the exit code for the shell. */
export async function startAttached(
  name: string,
  options: AttachOptions & { interactive?: boolean },
  context: Context,
): Promise<number> {
  const { interactive = false } = options;
  const how = {
    interactive,
    detachKeys: keysOf(options),
    sigProxy: parseTruth("--sig-proxy", options.sigProxy ?? "true"),
  };
  const relay = new SignalRelay(context.signals);
  try {
    const library = await context.library();
    const before = await library.statusSandbox(name);
    const id = pickContainer(name, before.containersStatus, undefined);
    const began = before.state === "running" ? "now" : "start";
    const container = before.containersStatus.find((one) => one.id === id);
    requireAttachable({ terminal: container?.terminal, interactive }, context);
    // Whoever tidies up leaves it to this process for as long as it is there.
    await library.setAnnotations(name, { [clientAnnotation]: await thisClient() });
    await relay.race(startSandbox(library, name));
    const ending = await attachByLog({ name, id, began, ...how }, library, relay, context);
    if (ending.kind === "detached") return ending.code;
    if (before.annotations[removeAnnotation] === undefined) await stopSandbox(library, name, 0);
    else await library.deleteSandbox(name, { force: true });
    return ending.code;
  } catch (error) {
    throw relay.causeOf(error);
  } finally {
    relay[Symbol.dispose]();
  }
}
