import { join } from "node:path";
import type { Duplex } from "node:stream";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { AgentTransport } from "../agent-transport.ts";
import type { ResolvedHypervisorConfig } from "../config.ts";
import type { Device } from "../device.ts";
import { endVmm } from "../ending.ts";
import type { RunningVm, VmStatus } from "../hypervisor.ts";
import { tailOf } from "../last-words.ts";
import { checkSpare } from "../spare-memory.ts";
import { attachDevice, detachDevice } from "./hotplug.ts";
import { type Machine, machineFile } from "./machine.ts";
import { type MockHypervisorOptions, pass } from "./options.ts";

export interface MockVmParts {
  options: MockHypervisorOptions;
  host: Host;
  sandboxId: string;
  folder: string;
  config: Pick<ResolvedHypervisorConfig, "useVSock">;
  state: VmState;
  /** Undefined: another process started it, and has its guest in its memory. */
  machine: Machine | undefined;
  gone: Promise<string>;
  onRelease: () => void;
}

export class MockVm implements RunningVm {
  readonly state: VmState;
  readonly gone: Promise<string>;
  readonly agentTransport: AgentTransport;
  readonly #parts: MockVmParts;

  constructor(parts: MockVmParts) {
    this.#parts = parts;
    this.state = parts.state;
    this.gone = parts.gone;
    this.agentTransport = parts.config.useVSock ? "vsock" : "virtio-serial";
  }

  async connectAgent(index: number, signal: AbortSignal): Promise<Duplex> {
    await pass(this.#parts.options, "connectAgent", signal);
    const machine = this.#machine();
    await this.#assertAlive();
    return machine.connect(index);
  }

  async status(signal: AbortSignal): Promise<VmStatus> {
    await pass(this.#parts.options, "status", signal);
    if (!(await this.#isAlive())) return "gone";
    return this.#parts.machine?.paused ? "paused" : "running";
  }

  async pause(signal: AbortSignal): Promise<void> {
    await pass(this.#parts.options, "pause", signal);
    await this.#assertAlive();
    this.#machine().pause();
  }

  async resume(signal: AbortSignal): Promise<void> {
    await pass(this.#parts.options, "resume", signal);
    await this.#assertAlive();
    this.#machine().resume();
  }

  async attach(device: Device, signal: AbortSignal): Promise<GuestAddress> {
    await pass(this.#parts.options, "attach", signal);
    await this.#assertAlive();
    return attachDevice(this.state, device);
  }

  async detach(id: string, signal: AbortSignal): Promise<void> {
    await pass(this.#parts.options, "detach", signal);
    await this.#assertAlive();
    detachDevice(this.state, id);
  }

  async resizeCpus(count: number, signal: AbortSignal): Promise<number> {
    await pass(this.#parts.options, "resizeCpus", signal);
    await this.#assertAlive();
    const machine = this.#machine();
    machine.cpus = Math.max(machine.cpus, count);
    return machine.cpus;
  }

  async resizeMemory(memoryMiB: number, signal: AbortSignal, spareMiB?: number): Promise<number> {
    await pass(this.#parts.options, "resizeMemory", signal);
    await this.#assertAlive();
    checkSpare(this.#machine().memoryMiB, memoryMiB, spareMiB);
    this.#machine().memoryMiB = memoryMiB;
    return memoryMiB;
  }

  async cpuThreads(): Promise<number[]> {
    await this.#assertAlive();
    return [this.state.process.pid];
  }

  async stop(options: { graceMs: number; signal?: AbortSignal }): Promise<void> {
    const { options: mock, host, sandboxId } = this.#parts;
    await pass(mock, "stop", options.signal);
    const { process } = this.state;
    const name = "the process of the mock VMM";
    await endVmm(host, { name, sandboxId, process, gone: this.gone }, options);
  }

  async consoleTail(lines = 20): Promise<string> {
    return await tailOf(join(this.#parts.folder, machineFile.console), lines);
  }

  release(): void {
    this.#parts.onRelease();
  }

  #machine(): Machine {
    const { machine, sandboxId } = this.#parts;
    if (machine !== undefined) return machine;
    throw new VirtError(
      "NOT_SUPPORTED",
      `the guest of sandbox ${sandboxId} is in the memory of the process that started it`,
      { sandboxId, hint: "Only real VMs can be used from several processes." },
    );
  }

  async #isAlive(): Promise<boolean> {
    return await this.#parts.host.processes.isAlive(this.state.process);
  }

  async #assertAlive(): Promise<void> {
    if (await this.#isAlive()) return;
    throw dead(this.#parts.sandboxId);
  }
}

export function dead(sandboxId: string): VirtError {
  return new VirtError("SANDBOX_DEAD", `the VM of sandbox ${sandboxId} is gone`, { sandboxId });
}
