import { OutputStream } from "@virtcontainers/agent-protocol";
import { guestTime } from "../../guest-time.ts";
import {
  type GuestProcess,
  type OutputPiece,
  type OutputTarget,
  type ProcessRow,
  sinkOf,
} from "../agent.ts";
import type { KataCalls, Request } from "./calls.ts";
import { healthOf } from "./health.ts";
import { processRow, shownArgs } from "./process-row.ts";

const maxRows = 32_768;
const targetOf = new Map<number, OutputTarget>([
  [sinkOf.client, "client"],
  [sinkOf.log, "log"],
  [sinkOf.discard, "discard"],
]);
/** What may stand around the bytes of an answer. */
const frameBytes = 1024;

export async function execProcess(
  calls: KataCalls,
  request: Request<"execProcess">,
  signal: AbortSignal,
): Promise<void> {
  const site = { containerId: request.containerId ?? "", execId: request.execId ?? "" };
  await calls.call("ExecProcess", site, signal, (options) =>
    calls.service.execProcess(request, options),
  );
}

export async function signalProcess(
  calls: KataCalls,
  containerId: string,
  execId: string,
  signalNumber: number,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("SignalProcess", { containerId, execId }, signal, (options) =>
    calls.service.signalProcess({ containerId, execId, signal: signalNumber }, options),
  );
}

export async function waitProcess(
  calls: KataCalls,
  containerId: string,
  execId: string,
  signal: AbortSignal,
): Promise<number> {
  const answer = await calls.call("WaitProcess", { containerId, execId }, signal, (options) =>
    calls.service.waitProcess({ containerId, execId }, options),
  );
  return answer.status;
}

export async function writeStdin(
  calls: KataCalls,
  containerId: string,
  execId: string,
  data: Uint8Array,
  signal: AbortSignal,
): Promise<number> {
  const site = { containerId, execId };
  const { len } = await calls.call("WriteStdin", site, signal, (options) =>
    calls.service.writeStdin({ containerId, execId, data }, options),
  );
  if (len > data.length || (len === 0 && data.length > 0))
    throw calls.violation("WriteStdin", `${len} of ${data.length} bytes`);
  return len;
}

export async function closeStdin(
  calls: KataCalls,
  containerId: string,
  execId: string,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("CloseStdin", { containerId, execId }, signal, (options) =>
    calls.service.closeStdin({ containerId, execId }, options),
  );
}

/** One of the two calls of the base protocol by which a process's output is read. */
export async function readStream(
  calls: KataCalls,
  stream: "stdout" | "stderr",
  containerId: string,
  execId: string,
  length: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const [method, read] =
    stream === "stdout"
      ? (["ReadStdout", calls.service.readStdout] as const)
      : (["ReadStderr", calls.service.readStderr] as const);
  const { data } = await calls.call(method, { containerId, execId }, signal, (options) =>
    read({ containerId, execId, len: length }, options),
  );
  return atMost(calls, data, length, method);
}

export async function readOutput(
  calls: KataCalls,
  containerId: string,
  execId: string,
  {
    stream,
    offset,
    length,
  }: { stream: "stdout" | "stderr"; offset: number | undefined; length: number },
  signal: AbortSignal,
): Promise<OutputPiece> {
  const request = {
    containerId,
    execId,
    stream: stream === "stdout" ? OutputStream.STDOUT : OutputStream.STDERR,
    ...(offset !== undefined && { offset: BigInt(offset) }),
    len: length,
  };
  const answer = await calls.call("ReadOutput", { containerId, execId }, signal, (options) =>
    calls.extension.readOutput(request, options),
  );
  const data = atMost(calls, answer.data, length, "ReadOutput");
  return { offset: Number(answer.offset), data, eof: answer.eof };
}

export async function resizeTerminal(
  calls: KataCalls,
  containerId: string,
  execId: string,
  row: number,
  column: number,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("TtyWinResize", { containerId, execId }, signal, (options) =>
    calls.service.ttyWinResize({ containerId, execId, row, column }, options),
  );
}

export async function setOutput(
  calls: KataCalls,
  containerId: string,
  execId: string,
  target: OutputTarget,
  signal: AbortSignal,
): Promise<void> {
  await calls.call("SetOutput", { containerId, execId }, signal, (options) =>
    calls.extension.setOutput({ containerId, execId, sink: sinkOf[target] }, options),
  );
}

export async function listProcesses(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<GuestProcess[]> {
  const answer = await calls.call("ListProcesses", { containerId }, signal, (options) =>
    calls.extension.listProcesses({ containerId }, options),
  );
  return answer.processes.map((process) => ({
    containerId: process.containerId,
    execId: process.execId,
    pid: process.pid,
    args: shownArgs(process.args),
    startedAt: process.startedAtNs === 0n ? undefined : guestTime(process.startedAtNs),
    terminal: process.terminal,
    output: targetOf.get(process.sink) ?? "discard",
    exitCode: process.exited ? process.exitStatus : undefined,
    exitedAt: process.exitedAtNs === 0n ? undefined : guestTime(process.exitedAtNs),
    health: healthOf(process.health),
  }));
}

export async function processTable(
  calls: KataCalls,
  containerId: string,
  signal: AbortSignal,
): Promise<ProcessRow[]> {
  const { rows } = await calls.call("ProcessTable", { containerId }, signal, (options) =>
    calls.extension.processTable({ containerId }, options),
  );
  if (rows.length > maxRows) throw calls.violation("ProcessTable", `${rows.length} processes`);
  return rows.map(processRow);
}

/** Without the frame that they came in, which may be far longer and would be kept with them. */
function ownBytes(data: Uint8Array): Uint8Array {
  return data.buffer.byteLength > 2 * data.length + frameBytes ? Uint8Array.from(data) : data;
}

function atMost(calls: KataCalls, data: Uint8Array, length: number, method: string): Uint8Array {
  if (data.length <= length) return ownBytes(data);
  throw calls.violation(method, `${data.length} bytes where ${length} were asked for`);
}
