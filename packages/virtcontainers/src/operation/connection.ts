import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Agent } from "../agent/agent.ts";
import { NoopAgent } from "../agent/noop/agent.ts";
import { Deadline } from "../deadline.ts";
import { VirtError } from "../errors.ts";
import type { Lock } from "../host/host.ts";
import { transports } from "../hypervisor/agent-transport.ts";
import type { Hypervisor, RunningVm } from "../hypervisor/hypervisor.ts";
import type { DriverChoice } from "../hypervisor/registry.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { isVmAlive } from "../store/vm-alive.ts";
import type { VmState } from "../store/vm-state.ts";
import type { Context } from "./context.ts";
import { payOwed } from "./owed.ts";
import { resolveStored } from "./resolve.ts";

/** How long an operation waits for the end of what others have called off. */
const payTimeoutMs = 2_000;

/** How long an operation waits for one of the agent's ports when all are taken. */
const portTimeoutMs = 60_000;

/** One process's way to a sandbox's VM and agent: made when first needed, given back by release. */
export class Connection {
  readonly #context: Context;
  readonly #id: string;
  #driver: { asked: DriverChoice; hypervisor: Hypervisor } | undefined;
  #attached: Promise<RunningVm> | undefined;
  #agent: Promise<Agent> | undefined;
  #releases = 0;
  #closings = 0;

  constructor(context: Context, id: string) {
    this.#context = context;
    this.#id = id;
  }

  /** Uses a VM that this process has just started. */
  adopt(vm: RunningVm): void {
    this.#attached = Promise.resolve(vm);
  }

  /** The driver of its VM, looked up once. INVALID_ARGUMENT if this instance does not have it. */
  hypervisor({ config }: Pick<StoredSandbox, "config">): Hypervisor {
    const { hypervisorType, hypervisorConfig } = config;
    const asked = { hypervisorType, hypervisorConfig };
    if (this.#driver === undefined || !isDeepStrictEqual(this.#driver.asked, asked))
      this.#driver = { asked, hypervisor: this.#context.hypervisors.of(asked) };
    return this.#driver.hypervisor;
  }

  /** SANDBOX_DEAD if the VM is gone; INVALID_STATE if there is none. */
  async vm(sandbox: StoredSandbox): Promise<RunningVm> {
    if (sandbox.vm === undefined) {
      throw new VirtError(
        "INVALID_STATE",
        `sandbox ${this.#id} is ${sandbox.state} and has no VM`,
        {
          sandboxId: this.#id,
          sandboxState: sandbox.state,
          hint: "Start it first.",
        },
      );
    }
    const vm = await this.#attachedTo(sandbox, sandbox.vm);
    // Other processes plug and unplug too.
    Object.assign(vm.state, sandbox.vm);
    return vm;
  }

  /** The agent over a connection of this process's own; several callers share it. */
  async agent(sandbox: StoredSandbox, signal: AbortSignal): Promise<Agent> {
    return await this.during(async () => {
      const agent = await this.#openAgent(sandbox, signal);
      if (existsSync(this.#context.store.folder(this.#id).owed))
        await this.#payOwed(sandbox, agent, signal);
      return agent;
    });
  }

  /** Does work that may outlive its owner: what it has taken when that has let go is given back at its end. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#closings;
    try {
      return await work();
    } finally {
      if (this.#closings !== before) this.release().catch(() => {});
    }
  }

  /** Not for long: it is no reason to keep others from the guest. */
  async #payOwed(sandbox: StoredSandbox, agent: Agent, signal: AbortSignal): Promise<void> {
    using limit = new Deadline({ signal }, payTimeoutMs, "kill");
    try {
      await limit.race(payOwed(this.#context, sandbox, agent, limit.signal));
    } catch (error) {
      const fields = { err: error, sandboxId: this.#id };
      this.#context.logger.warn(fields, "what was called off could not be ended in the guest yet");
    }
  }

  async #openAgent(sandbox: StoredSandbox, signal: AbortSignal): Promise<Agent> {
    const vm = await this.vm(sandbox);
    // Whoever comes first connects for all; a connection that failed or has closed is nobody's.
    for (let pending = this.#agent; pending !== undefined; pending = this.#agent) {
      const current = await pending.catch(() => undefined);
      if (current !== undefined && !current.isClosed) return current;
      if (this.#agent === pending) this.#agent = undefined;
    }
    this.#agent = this.#connect(vm, sandbox, signal);
    return await this.#agent;
  }

  /** How often it was released: who was at work before knows that it was let go of. */
  get releases(): number {
    return this.#releases;
  }

  /** Its owner lets go of it. */
  async close(): Promise<void> {
    this.#closings++;
    await this.release();
  }

  /** Closes what this process holds; the VM goes on. */
  async release(): Promise<void> {
    this.#releases++;
    const agent = this.#agent;
    const attached = this.#attached;
    this.#agent = undefined;
    this.#attached = undefined;
    await (await agent?.catch(() => undefined))?.[Symbol.asyncDispose]();
    (await attached?.catch(() => undefined))?.release();
  }

  /** The VM as it was last started; one of an earlier start is let go. */
  async #attachedTo(sandbox: StoredSandbox, state: VmState): Promise<RunningVm> {
    for (let pending = this.#attached; pending !== undefined; pending = this.#attached) {
      const current = await pending.catch(() => undefined);
      if (current?.state.marker === state.marker) return current;
      if (this.#attached === pending) await this.release();
    }
    this.#attached = this.#attach(sandbox, state);
    return await this.#attached;
  }

  async #attach(sandbox: StoredSandbox, state: VmState): Promise<RunningVm> {
    if (!(await isVmAlive(this.#context, sandbox))) {
      throw new VirtError("SANDBOX_DEAD", `the VM of sandbox ${this.#id} is gone`, {
        sandboxId: this.#id,
        hint: "Start the sandbox again, or delete it.",
      });
    }
    const hypervisor = this.hypervisor(sandbox);
    const folder = this.#context.store.folder(this.#id).vm;
    const config = await resolveStored(this.#context, hypervisor, sandbox);
    return await hypervisor.adopt({ sandboxId: this.#id, folder, config }, state);
  }

  async #connect(vm: RunningVm, sandbox: StoredSandbox, signal: AbortSignal): Promise<Agent> {
    if (sandbox.config.agentType === "noop") return new NoopAgent();
    const { agentTransport } = this.hypervisor(sandbox).capabilities;
    const traits = transports[vm.agentTransport ?? agentTransport];
    const port = traits.ports ? await this.#takePort(sandbox, signal) : undefined;
    try {
      const stream = await vm.connectAgent(port?.index ?? 0, signal);
      // Loaded while the guest boots, not before the VMM is started.
      const { openAgent } = await import("../agent/kata/open.ts");
      const token = traits.handshake ? sandbox.token : undefined;
      const onClosed = (): void => port?.lock.release();
      return await openAgent(stream, { token, sandboxId: this.#id, onClosed, signal });
    } catch (error) {
      port?.lock.release();
      throw error;
    }
  }

  async #takePort(
    sandbox: StoredSandbox,
    signal: AbortSignal,
  ): Promise<{ index: number; lock: Lock }> {
    const { store, host } = this.#context;
    const count = sandbox.ports;
    const paths = Array.from({ length: count }, (_, index) => store.folder(this.#id).port(index));
    try {
      return await host.locks.acquireAny(paths, { timeoutMs: portTimeoutMs, signal });
    } catch (error) {
      if (error instanceof VirtError && error.code === "BUSY") {
        throw new VirtError(
          "BUSY",
          `all ${count} ports to the agent of sandbox ${this.#id} are in use`,
          {
            cause: error,
            sandboxId: this.#id,
            hint: "Wait for other processes to finish, or give the sandbox more agentPorts.",
          },
        );
      }
      throw error;
    }
  }
}
