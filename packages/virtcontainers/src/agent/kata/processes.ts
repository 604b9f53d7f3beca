import { OutputStream } from "@virtcontainers/agent-protocol";
import {
  type GuestProcess,
  type OutputPiece,
  type OutputTarget,
  type ProcessRow,
  sinkOf,
} from "../agent.ts";
import type { Request } from "./calls.ts";
import { KataContainers } from "./containers.ts";
import { processRow } from "./process-row.ts";

const maxRows = 32_768;

/** The calls that concern a process. */
export abstract class KataProcesses extends KataContainers {
  async execProcess(request: Request<"execProcess">, signal: AbortSignal): Promise<void> {
    const site = { containerId: request.containerId ?? "", execId: request.execId ?? "" };
    await this.call("ExecProcess", site, signal, (options) =>
      this.service.execProcess(request, options),
    );
  }

  async signalProcess(
    containerId: string,
    execId: string,
    signalNumber: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.call("SignalProcess", { containerId, execId }, signal, (options) =>
      this.service.signalProcess({ containerId, execId, signal: signalNumber }, options),
    );
  }

  async waitProcess(containerId: string, execId: string, signal: AbortSignal): Promise<number> {
    const answer = await this.call("WaitProcess", { containerId, execId }, signal, (options) =>
      this.service.waitProcess({ containerId, execId }, options),
    );
    return answer.status;
  }

  async writeStdin(
    containerId: string,
    execId: string,
    data: Uint8Array,
    signal: AbortSignal,
  ): Promise<number> {
    const site = { containerId, execId };
    const { len } = await this.call("WriteStdin", site, signal, (options) =>
      this.service.writeStdin({ containerId, execId, data }, options),
    );
    if (len > data.length || (len === 0 && data.length > 0))
      throw this.violation("WriteStdin", `${len} of ${data.length} bytes`);
    return len;
  }

  async closeStdin(containerId: string, execId: string, signal: AbortSignal): Promise<void> {
    await this.call("CloseStdin", { containerId, execId }, signal, (options) =>
      this.service.closeStdin({ containerId, execId }, options),
    );
  }

  async readStdout(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { data } = await this.call("ReadStdout", { containerId, execId }, signal, (options) =>
      this.service.readStdout({ containerId, execId, len: length }, options),
    );
    return this.#atMost(data, length, "ReadStdout");
  }

  async readStderr(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { data } = await this.call("ReadStderr", { containerId, execId }, signal, (options) =>
      this.service.readStderr({ containerId, execId, len: length }, options),
    );
    return this.#atMost(data, length, "ReadStderr");
  }

  async readOutput(
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
    const answer = await this.call("ReadOutput", { containerId, execId }, signal, (options) =>
      this.extension.readOutput(request, options),
    );
    const data = this.#atMost(answer.data, length, "ReadOutput");
    return { offset: Number(answer.offset), data, eof: answer.eof };
  }

  async resizeTerminal(
    containerId: string,
    execId: string,
    row: number,
    column: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.call("TtyWinResize", { containerId, execId }, signal, (options) =>
      this.service.ttyWinResize({ containerId, execId, row, column }, options),
    );
  }

  async setOutput(
    containerId: string,
    execId: string,
    target: OutputTarget,
    signal: AbortSignal,
  ): Promise<void> {
    await this.call("SetOutput", { containerId, execId }, signal, (options) =>
      this.extension.setOutput({ containerId, execId, sink: sinkOf[target] }, options),
    );
  }

  async listProcesses(containerId: string, signal: AbortSignal): Promise<GuestProcess[]> {
    const answer = await this.call("ListProcesses", { containerId }, signal, (options) =>
      this.extension.listProcesses({ containerId }, options),
    );
    return answer.processes.map((process) => ({
      containerId: process.containerId,
      execId: process.execId,
      pid: process.pid,
      exitCode: process.exited ? process.exitStatus : undefined,
    }));
  }

  async processTable(containerId: string, signal: AbortSignal): Promise<ProcessRow[]> {
    const { rows } = await this.call("ProcessTable", { containerId }, signal, (options) =>
      this.extension.processTable({ containerId }, options),
    );
    if (rows.length > maxRows) throw this.violation("ProcessTable", `${rows.length} processes`);
    return rows.map(processRow);
  }

  #atMost(data: Uint8Array, length: number, method: string): Uint8Array {
    if (data.length <= length) return data;
    throw this.violation(method, `${data.length} bytes where ${length} were asked for`);
  }
}
