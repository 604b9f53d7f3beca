import type { Context } from "../../context.ts";
import { report } from "../../errors/report.ts";
import { Unanswered } from "../../errors/unanswered.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { deleteWithVolumes } from "../../sandbox/anonymous-volumes.ts";
import { attach, type Ending } from "../../terminal/attach.ts";
import type { SignalRelay } from "../../terminal/signals.ts";
import { leaveJoined } from "./join.ts";
import type { RunRequest } from "./request.ts";
import { type TimeLimit, timeLimit } from "./time-limit.ts";

/** Stays with a container that runs until it ends, then stops its VM, and removes it with --rm. */
export async function foreground(
  request: RunRequest,
  sandbox: SandboxHandle,
  library: Library,
  relay: SignalRelay,
  context: Context,
): Promise<number> {
  const { id } = request;
  const limit = timeLimit(request.timeoutMs, (signal) =>
    sandbox.signalProcess(id, id, signal, true),
  );
  try {
    const ending = await attachInit(request, sandbox, relay, context);
    if (ending.kind === "exited")
      return await end(request, sandbox, library, limit, ending, context);
    await relay.race(sandbox.setOutput(id, id, "log"));
    await sandbox.release();
    context.stderr.write(`\r\ndetached; ${id} goes on\r\n`);
    return ending.code;
  } catch (error) {
    const silent = error instanceof Unanswered;
    const ended = await leave(request, library, silent, context);
    throw silent && ended ? new Unanswered(error.signal, "Its VM was ended.") : error;
  } finally {
    limit.stop();
  }
}

async function attachInit(
  request: RunRequest,
  sandbox: SandboxHandle,
  relay: SignalRelay,
  context: Context,
): Promise<Ending> {
  const { id, interactive, tty, detachKeys, sigProxy } = request;
  const exited = sandbox.waitProcess(id, id);
  exited.catch(() => {});
  const session = {
    io: await sandbox.ioStream(id, id),
    exited,
    signal: (name: NodeJS.Signals, silence?: AbortSignal) =>
      sandbox.signalProcess(id, id, name, name === "SIGKILL", { signal: silence }),
    resize: (height: number, width: number) => sandbox.winsizeProcess(id, id, height, width),
  };
  return await attach(session, { interactive, tty, detachKeys, sigProxy }, relay, context);
}

async function end(
  request: RunRequest,
  sandbox: SandboxHandle,
  library: Library,
  limit: TimeLimit,
  ending: { code: number },
  context: Context,
): Promise<number> {
  await sandbox.release();
  await leave(request, library, false, context);
  if (!limit.expired) return ending.code;
  context.stderr.write(`virtc: stopped ${request.id}: its --timeout was over\n`);
  return 124;
}

/** Ends the VM, or its container in another's; a guest that is silent is not asked. A failure here is told, but does not hide how the container ended. */
async function leave(
  { id, joins, remove, container }: RunRequest,
  library: Library,
  silent: boolean,
  context: Context,
): Promise<boolean> {
  try {
    const end = async () => {
      if (joins !== undefined) await leaveJoined(joins, id, remove, library);
      else if (remove) await library.deleteSandbox(id, { force: true });
      else await library.stopSandbox(id, { force: silent });
    };
    if (remove) await deleteWithVolumes(library, container.mounts, end);
    else await end();
    return true;
  } catch (error) {
    report(error, context);
    return false;
  }
}
