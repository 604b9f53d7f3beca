import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  AgentService,
  Extension,
  Health,
  ProcessTableResponseSchema,
} from "@virtcontainers/agent-protocol";
import { OutputSink, OutputStream } from "@virtcontainers/agent-protocol";
import { type ServiceImplementation, TtrpcError } from "@virtcontainers/ttrpc";
import type { Guest, GuestContainer } from "./guest.ts";
import { GuestHealth } from "./health.ts";
import { type Pipe, type Sink, SinkError } from "./pipe.ts";
import type { GuestProcess } from "./process.ts";

/** The longest answer of a read by offset. */
const maxOutputRead = 1024 * 1024;
/** The longest answer of a read: a little under the longest message. */
const maxRead = 4 * 1024 * 1024 - 4 * 1024;

/** The calls about processes and their streams. */
export function processCalls(
  guest: Guest,
  canCancel: boolean,
): ServiceImplementation<typeof AgentService> {
  const read = async (
    { containerId, execId, len }: { containerId: string; execId: string; len: number },
    stream: "stdout" | "stderr",
    signal: AbortSignal,
  ): Promise<{ data: Uint8Array }> => {
    const process = guest.find(containerId, execId);
    if (len === 0) throw invalid("len: must not be 0");
    const data = await readPipe(process[stream], Math.min(len, maxRead), signal);
    guest.forgetIfDone(containerId, process);
    return { data };
  };
  return {
    execProcess: ({ containerId, execId, process, stringUser, stdinPort, stdoutPort }) => {
      const place = containerId === "" ? guest.consoles : running(guest, containerId);
      if (guest.canceled.delete(`${containerId}/${execId}`))
        throw new TtrpcError("cancelled", `exec ${execId} was killed before it was started`);
      if (execId === "" || place.execs.has(execId))
        throw new TtrpcError("internal", `exec_id '${execId}' already exists`);
      if (process === undefined) throw invalid("process: missing");
      if (process.Args.length === 0) process.Args = ["sh"];
      const user = stringUser?.uid ?? "";
      const wanted = { containerId, execId, process, user, stdinPort, stdoutPort, place };
      const made = guest.makeProcess(wanted);
      place.execs.set(execId, made);
      made.start();
      return {};
    },
    signalProcess: ({ containerId, execId, signal }) => {
      const kill = execId === "" && signal === 9;
      if (kill) guest.container(containerId, "internal");
      if (signal === 9 && canCancel) guest.cancelUnknown(containerId, execId);
      const process = guest.find(containerId, execId);
      if (signal < 1 || signal > 64) throw invalid(`signal: ${signal} is not between 1 and 64`);
      if (kill) guest.killAll(guest.container(containerId));
      else process.signal(signal);
      return {};
    },
    waitProcess: async ({ containerId, execId }) => {
      const process = guest.find(containerId, execId);
      const status = await process.exited;
      process.waited = true;
      guest.forgetIfDone(containerId, process);
      return { status };
    },
    writeStdin: async ({ containerId, execId, data }, { signal }) => {
      const process = guest.find(containerId, execId, "internal");
      if (data.length === 0) process.closeStdin();
      else if (!(await process.writeStdin(data, signal)))
        throw new TtrpcError("failed_precondition", "stdin is closed");
      return { len: data.length };
    },
    closeStdin: ({ containerId, execId }) => {
      guest.find(containerId, execId).closeStdin();
      return {};
    },
    readStdout: (request, { signal }) => read(request, "stdout", signal),
    readStderr: (request, { signal }) => read(request, "stderr", signal),
    ttyWinResize: ({ containerId, execId, row, column }) => {
      const process = guest.find(containerId, execId);
      if (process.terminal === undefined) throw new TtrpcError("unavailable", "no tty");
      process.resize(row, column);
      return {};
    },
  };
}

export const healthCalls: ServiceImplementation<typeof Health> = {
  check: () => ({ status: 1 }),
  version: () => ({ grpcVersion: "0.0.1", agentVersion: "0.0.0-test" }),
};

const sinks = new Map<OutputSink, Sink>([
  [OutputSink.CLIENT, "client"],
  [OutputSink.LOG, "log"],
  [OutputSink.DISCARD, "discard"],
]);
const numbers = new Map([...sinks].map(([number, sink]) => [sink, number]));

/** What this project's agent offers beyond the contract. */
export function extensionCalls(guest: Guest): ServiceImplementation<typeof Extension> {
  return {
    configureSandbox: ({ exitWith, lifetime }) => {
      if (guest.hostname !== undefined)
        throw new TtrpcError("failed_precondition", "the sandbox is there already");
      guest.exitWith = exitWith === "" ? undefined : exitWith;
      if (lifetime) guest.lifetime.set(Number(lifetime.timeoutMs), Number(lifetime.idleTimeoutMs));
      return {};
    },
    setLifetime: ({ timeoutMs, idleTimeoutMs }) => {
      guest.lifetime.set(Number(timeoutMs), Number(idleTimeoutMs));
      return {};
    },
    setOutput: ({ containerId, execId, sink }) => {
      const target = sinks.get(sink);
      if (target === undefined) throw invalid(`sink: ${sink} is not 0, 1 or 2`);
      guest.find(containerId, execId).switchOutput(target);
      return {};
    },
    readOutput: async ({ containerId, execId, stream, offset, len }, { signal }) => {
      const process = guest.find(containerId, execId);
      process.resumable = true;
      const pipe = stream === OutputStream.STDERR ? process.stderr : process.stdout;
      const from = offset === undefined ? undefined : Number(offset);
      const piece = await pipe.readAt(from, Math.min(len, maxOutputRead), signal);
      if (piece === undefined)
        throw new TtrpcError("out_of_range", `offset: ${from} was acknowledged, or never given`);
      return { ...piece, offset: BigInt(piece.offset) };
    },
    listProcesses: ({ containerId }) => {
      guest.assertSandbox();
      const all =
        containerId === "" ? [...guest.containers.values()] : [guest.container(containerId)];
      const processes = all.flatMap(({ id, init, execs, health }) =>
        [init, ...execs.values()].map((process) => ({
          containerId: id,
          execId: process.execId,
          pid: process.pid,
          args: [...process.argv],
          startedAtNs: process.startTimeS * 1_000_000_000n,
          exited: process.exitCode !== undefined,
          exitStatus: process.exitCode ?? 0,
          exitedAtNs: process.exitedAtNs,
          terminal: process.terminal !== undefined,
          sink: numbers.get(process.stdout.sink) ?? OutputSink.CLIENT,
          ...(process === init && health && { health: health.state }),
        })),
      );
      return { processes };
    },
    setHealthCheck: (check) => {
      const container = guest.container(check.containerId);
      if (container.started)
        throw new TtrpcError("failed_precondition", `container ${container.id} was started`);
      container.health = check.args.length > 0 ? new GuestHealth(check) : undefined;
      return {};
    },
    processTable: ({ containerId }) => {
      const { init, execs } = guest.container(containerId);
      const alive = [init, ...execs.values()].filter(({ exitCode }) => exitCode === undefined);
      return { rows: alive.map(processRow).sort((a, b) => (a.pid ?? 0) - (b.pid ?? 0)) };
    },
    statPath: ({ containerId, path, follow }) => {
      const entry = guest.container(containerId).files.stat(path, follow);
      return entry === undefined ? {} : { entry };
    },
    listFolder: (request) => ({
      entries: guest.container(request.containerId).files.listFolder(request),
    }),
    readFile: (request) => ({
      data: guest.container(request.containerId).files.readPiece(request),
    }),
    putFile: (request) => {
      // One that all containers have is seen by the request alone.
      if (request.containerId === "") return {};
      guest.container(request.containerId).files.put(request);
      return {};
    },
    dropFile: ({ containerId, part }) => {
      guest.container(containerId).files.drop(part);
      return {};
    },
    renamePath: ({ containerId, from, to }) => {
      guest.container(containerId).files.rename(from, to);
      return {};
    },
    removePath: ({ containerId, path, recursive }) => ({
      more: guest.container(containerId).files.removePath(path, recursive),
    }),
    openWatch: ({ containerId, watchId, path, recursive }) => {
      const { files } = guest.container(containerId);
      if (files.stat(path, true) === undefined)
        throw new TtrpcError("not_found", `${path}: No such file or directory (os error 2)`);
      files.watches.open(watchId, path, recursive);
      return {};
    },
    readWatch: ({ containerId, watchId }, { signal }) =>
      guest.container(containerId).files.watches.read(watchId, signal),
    closeWatch: ({ containerId, watchId }) => {
      guest.container(containerId).files.watches.close(watchId);
      return {};
    },
    removeFile: ({ path }) => {
      guest.copied.remove(path);
      return {};
    },
    setOnlineCpus: ({ count }) => {
      const plugged = guest.machine?.cpus ?? 1;
      if (count < 1 || count > plugged)
        throw new TtrpcError("deadline_exceeded", `the guest has ${plugged} CPUs`);
      guest.cpus = count;
      return { online: Array.from({ length: count }, (_, index) => index) };
    },
  };
}

function running(guest: Guest, containerId: string): GuestContainer {
  const container = guest.container(containerId, "internal");
  if (container.started && container.init.exitCode === undefined) return container;
  throw new TtrpcError("failed_precondition", `container ${containerId} is not running`);
}

/** A process as ps would show it: its numbers are made up, its names are the host's. */
function processRow(
  process: GuestProcess,
): NonNullable<MessageInitShape<typeof ProcessTableResponseSchema>["rows"]>[number] {
  return {
    pid: process.pid,
    nsPid: process.execId === "" ? 1 : process.pid,
    user: userName(process.user),
    tty: process.terminal === undefined ? "" : "pts/0",
    state: "S",
    startTimeS: process.startTimeS,
    cpuMs: process.ranNs / 1_000_000n,
    rssKib: 1024n,
    vszKib: 4096n,
    threads: 1,
    comm: process.argv[0]?.split("/").at(-1)?.slice(0, 15) ?? "",
    args: [...process.argv],
  };
}

function userName(user: string): string {
  const [name = ""] = user.split(":", 1);
  return name === "" || name === "0" ? "root" : name;
}

async function readPipe(pipe: Pipe, length: number, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await pipe.read(length, signal);
  } catch (error) {
    if (error instanceof SinkError) throw new TtrpcError("failed_precondition", error.message);
    throw error;
  }
}

function invalid(text: string): TtrpcError {
  return new TtrpcError("invalid_argument", text);
}
