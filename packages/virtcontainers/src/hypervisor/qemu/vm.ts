import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import * as v from "valibot";
import { isVirtError, VirtError } from "../../errors.ts";
import { pinReal } from "../../host/files.ts";
import type { Host } from "../../host/host.ts";
import type { GuestAddress } from "../../store/guest-address.ts";
import type { VmState } from "../../store/vm-state.ts";
import type { AgentTransport } from "../agent-transport.ts";
import type { Device } from "../device.ts";
import { dyingMs, endVmm, goneWithin } from "../ending.ts";
import { agentVsockPort, connectHybridVsock } from "../hybrid-vsock.ts";
import type { RunningVm, VmSpec, VmStatus } from "../hypervisor.ts";
import { tailOf } from "../last-words.ts";
import { openDisk } from "../reachable-files.ts";
import type { QemuConfig } from "./config.ts";
import { connectionPhase, Qmp } from "./control.ts";
import { memoryBytes, writableBytes } from "./device/file-limit.ts";
import { whileServed } from "./device/vsock-daemon.ts";
import { vsockDriverReady } from "./device/vsock-driver.ts";
import { attachDevice, detachDevice } from "./hotplug.ts";
import { cpuThreads, plugCpus } from "./machine/cpus.ts";
import { resizeMemory } from "./memory/resize.ts";
import { isMemoryShared } from "./memory/shared.ts";
import { driverStateOf, transportOf } from "./state.ts";
import { vmFile } from "./vm-files.ts";

const Status = v.object({ status: v.string() });
/** How long other processes' operations on the same VM are waited for. */
const qmpLockTimeoutMs = 60_000;

/** Beside the VM's folder, since what lies in it is the VMM's to change. */
const qmpLockPath = (folder: string): string => join(dirname(folder), "qmp.lock");

export interface VmParts {
  host: Host;
  sandboxId: string;
  folder: string;
  config: QemuConfig;
  user: VmSpec["user"];
  state: VmState;
  gone: Promise<string>;
  /** It was started just now. */
  boots: boolean;
  onRelease: () => void;
}

/** A QEMU process, whoever started it. */
export class QemuVm implements RunningVm {
  readonly state: VmState;
  readonly gone: Promise<string>;
  readonly agentTransport: AgentTransport;
  readonly #parts: VmParts;
  /** The guest may not have come up yet. */
  #boots: boolean;

  constructor(parts: VmParts) {
    this.#parts = parts;
    this.state = parts.state;
    this.gone = parts.gone;
    this.agentTransport = transportOf(parts.state);
    this.#boots = parts.boots;
  }

  async connectAgent(index: number, signal: AbortSignal): Promise<Duplex> {
    const { host, folder, sandboxId } = this.#parts;
    const { cid, vsockDaemon } = driverStateOf(this.state);
    if (vsockDaemon !== undefined) {
      const served = { path: join(folder, vmFile.vsock), port: agentVsockPort };
      return await this.#untilGone(signal, (stop) =>
        whileServed(host, { sandboxId, daemon: vsockDaemon }, stop, async (until) => {
          if (this.#boots) {
            await vsockDriverReady((act) => this.#control(until, act), until);
            this.#boots = false;
          }
          return await connectHybridVsock(host, served, until);
        }),
      );
    }
    if (cid !== undefined) {
      return await this.#untilGone(signal, (stop) =>
        host.sockets.connectVsock({ cid, port: agentVsockPort }, stop),
      );
    }
    if (!Number.isInteger(index) || index < 0 || index >= this.#parts.config.agentPorts) {
      throw new VirtError("INVALID_ARGUMENT", `the VM has no agent port ${index}`);
    }
    const path = join(folder, vmFile.agent(index));
    return await this.#untilGone(signal, (stop) => host.sockets.connectWhenReady(path, stop));
  }

  async status(signal: AbortSignal): Promise<VmStatus> {
    if (!(await this.#parts.host.processes.isAlive(this.state.process))) return "gone";
    const { status } = await this.#control(signal, async (qmp, stop) =>
      v.parse(Status, await qmp.execute("query-status", {}, stop)),
    );
    return status === "running" ? "running" : "paused";
  }

  async pause(signal: AbortSignal): Promise<void> {
    await this.#control(signal, (qmp, stop) => qmp.execute("stop", {}, stop));
  }

  async resume(signal: AbortSignal): Promise<void> {
    await this.#control(signal, (qmp, stop) => qmp.execute("cont", {}, stop));
  }

  async attach(device: Device, signal: AbortSignal): Promise<GuestAddress> {
    const { host, config, user, folder } = this.#parts;
    await host.processes.raiseMaxFileBytes(this.state.process, await writableBytes(device));
    await using file = await openFile(host, device, { folder, user });
    const address = await this.#control(signal, (qmp, stop) =>
      attachDevice(qmp, device, { folder, fd: file?.fd }, config, stop),
    );
    this.state.devices[device.id] = address;
    return address;
  }

  async detach(id: string, signal: AbortSignal): Promise<void> {
    await this.#control(signal, (qmp, stop) => detachDevice(qmp, id, stop));
    delete this.state.devices[id];
  }

  async resizeCpus(count: number, signal: AbortSignal): Promise<number> {
    return await this.#control(signal, (qmp, stop) => plugCpus(qmp, count, stop));
  }

  async resizeMemory(memoryMiB: number, signal: AbortSignal, spareMiB?: number): Promise<number> {
    const { host, config } = this.#parts;
    return await this.#control(signal, async (qmp, stop) => {
      const bytes = memoryBytes(config, await isMemoryShared(qmp, stop), memoryMiB);
      await host.processes.raiseMaxFileBytes(this.state.process, bytes);
      return await resizeMemory(qmp, { memoryMiB, spareMiB }, config, stop);
    });
  }

  async cpuThreads(signal: AbortSignal): Promise<number[]> {
    return await this.#control(signal, cpuThreads);
  }

  async stop(options: { graceMs: number; signal?: AbortSignal }): Promise<void> {
    const { host, sandboxId } = this.#parts;
    const { process } = this.state;
    await endVmm(host, { name: "QEMU", sandboxId, process, gone: this.gone }, options);
  }

  async consoleTail(lines = 20): Promise<string> {
    return await tailOf(join(this.#parts.folder, vmFile.console), lines);
  }

  release(): void {
    this.#parts.onRelease();
  }

  /** Runs an operation over QMP, which QEMU offers to one client at a time. */
  async #control<T>(
    signal: AbortSignal,
    act: (qmp: Qmp, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { host, folder } = this.#parts;
    return await this.#untilGone(signal, async (stop) => {
      using lock = await host.locks.acquire(qmpLockPath(folder), "exclusive", {
        create: true,
        timeoutMs: qmpLockTimeoutMs,
        signal: stop,
      });
      if (lock === undefined) throw this.#dead("its folder is gone");
      const socket = await host.sockets.connectPassing(join(folder, vmFile.qmp), stop);
      using qmp = await Qmp.open(socket.stream, stop, socket.send);
      return await act(qmp, stop);
    });
  }

  /** Ends an operation with SANDBOX_DEAD when the VM goes, and says why it went. */
  async #untilGone<T>(signal: AbortSignal, act: (stop: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const died = this.gone.then((reason) => {
      throw this.#dead(reason);
    });
    died.catch((error: unknown) => stop.abort(error));
    try {
      return await Promise.race([act(stop.signal), died]);
    } catch (error) {
      // A process that dies closes its connections a moment before it is gone.
      if (isVirtError(error) && error.phase === connectionPhase)
        await goneWithin(this.gone, dyingMs, signal);
      if (await this.#parts.host.processes.isAlive(this.state.process)) throw error;
      throw signal.aborted ? signal.reason : await died;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #dead(reason: string): VirtError {
    return new VirtError("SANDBOX_DEAD", `the VM is gone: ${reason}`, {
      sandboxId: this.#parts.sandboxId,
      hint: "Look at its console and qemu.log, then delete the sandbox or start it again.",
    });
  }
}

/** What QEMU is handed of a device that is a file, opened with this process's rights. */
async function openFile(
  host: Host,
  device: Device,
  place: Parameters<typeof openDisk>[2],
): Promise<FileHandle | undefined> {
  if (device.kind === "disk") return await openDisk(host, device, place);
  return device.kind === "vhost-user" ? await pinReal(device.socketPath) : undefined;
}
