import type { Agent } from "../../agent/agent.ts";
import { isVirtError } from "../../errors.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { isVmAlive } from "../../store/vm-alive.ts";

/** The feature of an agent that gives output by offset, and so again to a client whose connection broke. */
export const offsetsFeature = "offsets";

/** How often a call is made anew that breaks its connection each time. */
const maxTries = 5;

/**
 * The way to an agent for calls that may be made again: a connection that breaks while the VM lives is
 * made anew. One that this process has let go of is not.
 */
export class RetryingAgent {
  readonly #operation: Operation;
  readonly #releases: number;

  constructor(operation: Operation) {
    this.#operation = operation;
    this.#releases = operation.connection.releases;
  }

  async call<T>(signal: AbortSignal, call: (agent: Agent) => Promise<T>): Promise<T> {
    const { connection, sandbox } = this.#operation;
    for (let tries = 1; ; tries++) {
      try {
        return await call(await connection.agent(sandbox, signal));
      } catch (error) {
        if (tries >= maxTries || !(await this.isBroken(error))) throw error;
      }
    }
  }

  /** True for the error of a connection that broke though the VM goes on. */
  async isBroken(error: unknown): Promise<boolean> {
    const { context, connection, sandbox } = this.#operation;
    if (!isVirtError(error, "SANDBOX_DEAD") || connection.releases !== this.#releases) return false;
    return await isVmAlive(context, sandbox);
  }
}
