import type { Context } from "../../context.ts";
import { isLibraryError } from "../../errors/library.ts";
import type { Library, SandboxHandle } from "../../library.ts";
import { live } from "../../live/live.ts";
import type { Frame } from "../../live/screen.ts";
import { memory } from "../../output/human.ts";
import { json, jsonLine } from "../../output/json.ts";
import { safe } from "../../output/safe.ts";
import { pickContainer } from "../../sandbox/pick-container.ts";
import { cpuPercent, type Sample, sampleOf } from "../stats/sample.ts";
import { rowsArguments, rowsOf } from "./rows.ts";

export interface TopRequest {
  sandbox: string;
  container: string | undefined;
  /** Arguments of ps(1). */
  args: readonly string[];
  stream: boolean;
  json: boolean;
  intervalMs: number;
}

/** Shows the processes of a container, once, or live until it ends. */
export async function top(request: TopRequest, context: Context): Promise<void> {
  const library = await context.library();
  const drawn = request.stream && context.stdout.isTTY === true;
  const view = request.json ? listView(request) : tableView(request, drawn);
  let shown = false;
  await live(
    async (signal) => {
      try {
        const frame = await onContainer(library, request, signal, view);
        shown = true;
        return frame;
      } catch (error) {
        if (shown && isLibraryError(error, "INVALID_STATE", "SANDBOX_DEAD", "SANDBOX_NOT_FOUND")) {
          return undefined;
        }
        throw error;
      }
    },
    request,
    context,
  );
}

type ContainerView = (handle: SandboxHandle, id: string, signal: AbortSignal) => Promise<Frame>;

async function onContainer(
  library: Library,
  { sandbox, container }: TopRequest,
  signal: AbortSignal,
  view: ContainerView,
): Promise<Frame> {
  const handle = await library.fetchSandbox(sandbox, { signal });
  try {
    return await view(handle, pickContainer(sandbox, handle.containers(), container), signal);
  } finally {
    await handle.release();
  }
}

/** JSON, on one line while it goes on. */
function listView({ stream }: TopRequest): ContainerView {
  return async (handle, id, signal) => {
    const rows = rowsOf(await processes(handle, id, rowsArguments, signal));
    return {
      lines: (stream ? jsonLine(rows) : json(rows).trimEnd()).split("\n"),
      header: -1,
    };
  };
}

/** What ps prints; where it is redrawn, below a line on what the container uses. */
function tableView({ sandbox, args }: TopRequest, drawn: boolean): ContainerView {
  let before: Sample | undefined;
  return async (handle, id, signal) => {
    const lines = (await processes(handle, id, args, signal)).trimEnd().split("\n");
    if (!drawn) return { lines, header: 0 };
    const sample = sampleOf(await handle.statsContainer(id, { signal }), performance.now());
    const used = cpuPercent(before, sample);
    before = sample;
    const cpu = used === undefined ? "--" : `${used.toFixed(1)}%`;
    const head = `${sandbox}: ${sample.pids ?? 0} tasks, cpu ${cpu}, memory ${memory(sample.memory)}`;
    return { lines: [head, "", ...lines], header: 2 };
  };
}

async function processes(
  handle: SandboxHandle,
  id: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const options = { format: "table" as const, args: [...args] };
  return safe(await handle.processListContainer(id, options, { signal }));
}
