import { PassThrough } from "node:stream";
import type { Context } from "../../context.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { attach, type Ending } from "../../terminal/attach.ts";
import { terminalSize } from "../../terminal/raw.ts";
import type { SignalRelay } from "../../terminal/signals.ts";
import { after, lastOf, logStreams } from "./log-streams.ts";

/** Of what a terminal has shown, what is shown again to who attaches. */
const shownBytes = 8192;

/** What one is attached to, and how. */
export interface Attachment {
  name: string;
  id: string;
  /** From when on what it writes is shown. */
  began: "start" | "now";
  interactive: boolean;
  detachKeys: readonly number[];
  sigProxy: boolean;
  keepsInput?: boolean;
}

/**
 * Connects this process with a container whose output goes to its log: any number may be attached to it, and none of
 * them holds it up.
 */
export async function attachByLog(
  attachment: Attachment,
  library: Library,
  relay: SignalRelay,
  context: Context,
): Promise<Ending> {
  const { name, id, interactive, detachKeys, sigProxy, keepsInput = false } = attachment;
  const status = await library.statusContainer(name, id);
  const sandbox = await relay.race(library.fetchSandbox(name));
  const done = new AbortController();
  try {
    const tty = status.terminal;
    const skipped = attachment.began === "start" ? 0 : await skip(sandbox, id, tty, context);
    const entries = sandbox.logs(id, { follow: true, signal: done.signal });
    const exited = sandbox.waitProcess(id, id);
    exited.catch(() => {});
    const session = {
      io: {
        stdin: await stdinOf(sandbox, id, interactive),
        ...logStreams(after(entries, skipped)),
      },
      exited,
      signal: (signal: NodeJS.Signals, silence?: AbortSignal) =>
        sandbox.signalProcess(id, id, signal, signal === "SIGKILL", { signal: silence }),
      resize: (height: number, width: number) => sandbox.winsizeProcess(id, id, height, width),
    };
    if (tty && context.stdout.isTTY) {
      const { rows, columns } = terminalSize(context.stdout);
      await session.resize(rows, columns).catch(() => {});
    }
    const options = { interactive, tty, detachKeys, sigProxy, keepsInput };
    return await attach(session, options, relay, context);
  } finally {
    done.abort();
    await sandbox.release();
  }
}

/** Passes over what was written before; of a terminal the last of it is shown again. */
async function skip(
  sandbox: SandboxHandle,
  id: string,
  tty: boolean,
  context: Context,
): Promise<number> {
  const { count, tail } = await lastOf(sandbox.logs(id), shownBytes);
  if (tty) context.stdout.write(tail);
  return count;
}

async function stdinOf(sandbox: SandboxHandle, id: string, interactive: boolean) {
  return interactive ? (await sandbox.ioStream(id, id)).stdin : new PassThrough();
}
