import { logLimitBytes } from "../logs/limit.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { Verb } from "./run-verb.ts";

/** Where what is detached in a guest writes to. */
export interface LogPlace {
  readonly path: string;
  /** Settles when nothing more can be written; in an object, since a promise that is returned would be awaited. */
  readonly gone: Promise<unknown>;
  /** How many bytes it takes before output is lost. */
  readonly limitBytes: number;
}

/** The log of a sandbox's guest, of the VM that it has or had last. The signal ends the watch over that. */
export function logPlace(containerId: string, signal: AbortSignal): Verb<LogPlace> {
  return async ({ context, sandbox, container }) => {
    container(containerId);
    const alive = sandbox.state !== "stopped" && (await isVmAlive(context, sandbox));
    const limitBytes = logLimitBytes(sandbox.config.logLimitMiB);
    const path = context.store.folder(sandbox.id).log(sandbox.logCarrier);
    if (!alive || sandbox.vm === undefined) return { path, gone: Promise.resolve(), limitBytes };
    const { processes } = context.host;
    const gone = processes.waitGone(sandbox.vm.process, signal).catch(() => {});
    return { path, gone, limitBytes };
  };
}
