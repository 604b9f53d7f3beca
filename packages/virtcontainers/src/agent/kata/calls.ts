import { AgentService, Extension, Health } from "@virtcontainers/agent-protocol";
import {
  type CallOptions,
  createServiceClient,
  type ServiceClient,
  type TtrpcClient,
} from "@virtcontainers/ttrpc";
import { VirtError } from "../../errors.ts";
import { agentError, type CallSite } from "./errors.ts";

export type Request<M extends keyof ServiceClient<typeof AgentService>> = Parameters<
  ServiceClient<typeof AgentService>[M]
>[0];

/** What the calls of a KataAgent stand on: one connection, and errors that say which call failed. */
export class KataCalls {
  readonly closed: Promise<void>;
  readonly service: ServiceClient<typeof AgentService>;
  readonly health: ServiceClient<typeof Health>;
  readonly extension: ServiceClient<typeof Extension>;
  readonly #client: TtrpcClient;
  readonly #sandboxId: string;
  readonly #onDispose: () => void;
  #isClosed = false;

  constructor(client: TtrpcClient, sandboxId: string, onDispose: () => void = () => {}) {
    this.#client = client;
    this.#sandboxId = sandboxId;
    this.service = createServiceClient(client, AgentService);
    this.health = createServiceClient(client, Health);
    this.extension = createServiceClient(client, Extension);
    this.#onDispose = onDispose;
    this.closed = client.closed.then(() => {
      this.#isClosed = true;
      onDispose();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#client.closed;
    this.#onDispose();
  }

  async call<T>(
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

  /** The error for an answer that the protocol does not allow. */
  violation(method: string, what: string): VirtError {
    return new VirtError("PROTOCOL_VIOLATION", `the guest agent answered ${method} with ${what}`, {
      sandboxId: this.#sandboxId,
    });
  }
}
