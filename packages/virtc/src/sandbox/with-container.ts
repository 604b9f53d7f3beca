import type { Context } from "../context.ts";
import type { SandboxHandle } from "../library.ts";
import { abortable } from "../terminal/abortable.ts";
import { pickContainer } from "./pick-container.ts";

/** Works with a container of a running sandbox; Ctrl-C ends it cleanly. */
export async function withContainer<T>(
  name: string,
  chosen: string | undefined,
  context: Context,
  work: (sandbox: SandboxHandle, id: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return await abortable(context.signals, async (signal) => {
    const sandbox = await (await context.library()).fetchSandbox(name, { signal });
    try {
      return await work(sandbox, pickContainer(name, sandbox.containers(), chosen), signal);
    } finally {
      await sandbox.release();
    }
  });
}
