import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { printable, VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { Device } from "../device.ts";
import type { RunningVm, VmStatus } from "../hypervisor.ts";
import { checkSpare } from "../spare-memory.ts";
import { type Machine, machineFile } from "./machine.ts";
import { type MockHypervisorOptions, pass } from "./options.ts";

const maxConsoleBytes = 16 * 1024;
/** How long the operating system may take to end a killed process. */
const killTimeoutMs = 10_000;

export interface MockVmParts {
  options: MockHypervisorOptions;
  host: Host;
  sandboxId: string;
  folder: string;
  state: VmState;
  /** Undefined: another process started it, and has its guest in its memory. */
  machine: Machine | undefined;
  gone: Promise<string>;
  onRelease: () => void;
}

export class MockVm implements RunningVm {
  readonly state: VmState;
  readonly gone: Promise<string>;
  readonly #parts: MockVmParts;

  constructor(parts: MockVmParts) {
    this.#parts = parts;
    this.state = parts.state;
    this.gone = parts.gone;
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
    const address = freeAddress(this.state.devices);
    this.state.devices[device.id] = address;
    return address;
  }

  async detach(id: string, signal: AbortSignal): Promise<void> {
    await pass(this.#parts.options, "detach", signal);
    await this.#assertAlive();
    delete this.state.devices[id];
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

  async stop({ graceMs, signal }: { graceMs: number; signal?: AbortSignal }): Promise<void> {
    await pass(this.#parts.options, "stop", signal);
    const { processes } = this.#parts.host;
    const limit = (ms: number): AbortSignal =>
      signal === undefined
        ? AbortSignal.timeout(ms)
        : AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    if (graceMs > 0) {
      await processes.waitGone(this.state.process, limit(graceMs)).catch(() => {});
      signal?.throwIfAborted();
    }
    await processes.signal(this.state.process, "SIGKILL");
    await processes.waitGone(this.state.process, limit(killTimeoutMs));
  }

  async consoleTail(lines = 20): Promise<string> {
    const text = await readFile(join(this.#parts.folder, machineFile.console), "utf8");
    return printable(text.slice(-maxConsoleBytes)).trimEnd().split("\n").slice(-lines).join("\n");
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

/** The lowest free slot behind the bridge in slot 2. */
export function freeAddress(devices: Readonly<Record<string, GuestAddress>>): GuestAddress {
  const taken = new Set(Object.values(devices).map((a) => (a.kind === "pci" ? a.path : "")));
  for (let slot = 1; ; slot++) {
    const path = `02/${slot.toString(16).padStart(2, "0")}`;
    if (!taken.has(path)) return { kind: "pci", path };
  }
}
