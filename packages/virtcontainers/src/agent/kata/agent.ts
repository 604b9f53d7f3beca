import { AgentService, Extension, Health } from "@virtcontainers/agent-protocol";
import {
  type CallOptions,
  createServiceClient,
  type ServiceClient,
  type TtrpcClient,
} from "@virtcontainers/ttrpc";
import { VirtError } from "../../errors.ts";
import {
  type Agent,
  type GuestDetails,
  type GuestProcess,
  type OutputTarget,
  sinkOf,
} from "../agent.ts";
import { agentError, type CallSite } from "./errors.ts";

type Request<M extends keyof ServiceClient<typeof AgentService>> = Parameters<
  ServiceClient<typeof AgentService>[M]
>[0];

/** An agent that speaks the contract of Kata Containers over one connection. */
export class KataAgent implements Agent {
  readonly closed: Promise<void>;
  readonly #client: TtrpcClient;
  readonly #sandboxId: string;
  readonly #calls: ServiceClient<typeof AgentService>;
  readonly #health: ServiceClient<typeof Health>;
  readonly #extension: ServiceClient<typeof Extension>;
  readonly #onDispose: () => void;
  #isClosed = false;

  constructor(client: TtrpcClient, sandboxId: string, onDispose: () => void = () => {}) {
    this.#client = client;
    this.#sandboxId = sandboxId;
    this.#calls = createServiceClient(client, AgentService);
    this.#health = createServiceClient(client, Health);
    this.#extension = createServiceClient(client, Extension);
    this.#onDispose = onDispose;
    this.closed = client.closed.then(() => {
      this.#isClosed = true;
      onDispose();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#call("Check", {}, signal, (options) => this.#health.check({}, options));
  }

  async details(signal: AbortSignal): Promise<GuestDetails> {
    const answer = await this.#call("GetGuestDetails", {}, signal, (options) =>
      this.#calls.getGuestDetails({}, options),
    );
    return {
      version: answer.agentDetails?.version ?? "",
      features: answer.agentDetails?.extraFeatures ?? [],
    };
  }

  async createSandbox(request: Request<"createSandbox">, signal: AbortSignal): Promise<void> {
    await this.#call("CreateSandbox", {}, signal, (options) =>
      this.#calls.createSandbox(request, options),
    );
  }

  async destroySandbox(signal: AbortSignal): Promise<void> {
    await this.#call("DestroySandbox", {}, signal, (options) =>
      this.#calls.destroySandbox({}, options),
    );
  }

  async setTime(time: Date, signal: AbortSignal): Promise<void> {
    const ms = time.getTime();
    const request = { Sec: BigInt(Math.floor(ms / 1000)), Usec: BigInt((ms % 1000) * 1000) };
    await this.#call("SetGuestDateTime", {}, signal, (options) =>
      this.#calls.setGuestDateTime(request, options),
    );
  }

  async createContainer(request: Request<"createContainer">, signal: AbortSignal): Promise<void> {
    const site = { containerId: request.containerId ?? "" };
    await this.#call("CreateContainer", site, signal, (options) =>
      this.#calls.createContainer(request, options),
    );
  }

  async startContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#call("StartContainer", { containerId }, signal, (options) =>
      this.#calls.startContainer({ containerId }, options),
    );
  }

  async removeContainer(containerId: string, signal: AbortSignal): Promise<void> {
    await this.#call("RemoveContainer", { containerId }, signal, (options) =>
      this.#calls.removeContainer({ containerId }, options),
    );
  }

  async execProcess(request: Request<"execProcess">, signal: AbortSignal): Promise<void> {
    const site = { containerId: request.containerId ?? "", execId: request.execId ?? "" };
    await this.#call("ExecProcess", site, signal, (options) =>
      this.#calls.execProcess(request, options),
    );
  }

  async signalProcess(
    containerId: string,
    execId: string,
    signalNumber: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("SignalProcess", { containerId, execId }, signal, (options) =>
      this.#calls.signalProcess({ containerId, execId, signal: signalNumber }, options),
    );
  }

  async waitProcess(containerId: string, execId: string, signal: AbortSignal): Promise<number> {
    const answer = await this.#call("WaitProcess", { containerId, execId }, signal, (options) =>
      this.#calls.waitProcess({ containerId, execId }, options),
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
    const { len } = await this.#call("WriteStdin", site, signal, (options) =>
      this.#calls.writeStdin({ containerId, execId, data }, options),
    );
    if (len > data.length || (len === 0 && data.length > 0))
      throw this.#violation("WriteStdin", `${len} of ${data.length} bytes`);
    return len;
  }

  async closeStdin(containerId: string, execId: string, signal: AbortSignal): Promise<void> {
    await this.#call("CloseStdin", { containerId, execId }, signal, (options) =>
      this.#calls.closeStdin({ containerId, execId }, options),
    );
  }

  async readStdout(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { data } = await this.#call("ReadStdout", { containerId, execId }, signal, (options) =>
      this.#calls.readStdout({ containerId, execId, len: length }, options),
    );
    return this.#atMost(data, length, "ReadStdout");
  }

  async readStderr(
    containerId: string,
    execId: string,
    length: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { data } = await this.#call("ReadStderr", { containerId, execId }, signal, (options) =>
      this.#calls.readStderr({ containerId, execId, len: length }, options),
    );
    return this.#atMost(data, length, "ReadStderr");
  }

  async resizeTerminal(
    containerId: string,
    execId: string,
    row: number,
    column: number,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("TtyWinResize", { containerId, execId }, signal, (options) =>
      this.#calls.ttyWinResize({ containerId, execId, row, column }, options),
    );
  }

  async setOutput(
    containerId: string,
    execId: string,
    target: OutputTarget,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call("SetOutput", { containerId, execId }, signal, (options) =>
      this.#extension.setOutput({ containerId, execId, sink: sinkOf[target] }, options),
    );
  }

  async listProcesses(containerId: string, signal: AbortSignal): Promise<GuestProcess[]> {
    const answer = await this.#call("ListProcesses", { containerId }, signal, (options) =>
      this.#extension.listProcesses({ containerId }, options),
    );
    return answer.processes.map((process) => ({
      containerId: process.containerId,
      execId: process.execId,
      pid: process.pid,
      exitCode: process.exited ? process.exitStatus : undefined,
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#client.closed;
    this.#onDispose();
  }

  async #call<T>(
    method: string,
    ids: Omit<CallSite, "method" | "sandboxId">,
    signal: AbortSignal,
    call: (options: CallOptions) => Promise<T>,
  ): Promise<T> {
    try {
      return await call({ signal });
    } catch (error) {
      throw agentError(error, { method, sandboxId: this.#sandboxId, ...ids }, signal);
    }
  }

  #atMost(data: Uint8Array, length: number, method: string): Uint8Array {
    if (data.length <= length) return data;
    throw this.#violation(method, `${data.length} bytes where ${length} were asked for`);
  }

  #violation(method: string, what: string): VirtError {
    return new VirtError("PROTOCOL_VIOLATION", `the guest agent answered ${method} with ${what}`, {
      sandboxId: this.#sandboxId,
    });
  }
}
