import { appendFileSync, closeSync, constants, openSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { isErrno } from "../../host/errno.ts";
import type { Host, SpawnedProcess } from "../../host/host.ts";
import { logFileNames } from "../../store/log-carrier.ts";
import type { VmSpec } from "../hypervisor.ts";
import { LogDiskWriter } from "./log-disk.ts";
import type { MockHypervisorOptions, MockMachine } from "./options.ts";
import { type Gate, streamPair } from "./stream-pair.ts";

/** Files in the sandbox's VM folder; the log's name is the same for all drivers. */
export const machineFile = {
  console: "console.log",
  log: logFileNames["serial-file"],
  output: "vmm.log",
} as const;

const ifThere = constants.O_WRONLY | constants.O_APPEND;

/** One started machine: a process that only waits, and the memory that this process gives it. */
export class Machine implements MockMachine, Gate {
  readonly sandboxId: string;
  readonly marker: string;
  readonly gone: Promise<string>;
  readonly child: SpawnedProcess;
  cpus: number;
  memoryMiB: number;
  readonly #options: MockHypervisorOptions;
  readonly #host: Host;
  readonly #folder: string;
  readonly #streams = new Map<number, Duplex>();
  readonly #vsock: boolean;
  readonly #logDisk: LogDiskWriter | undefined;
  #clients = 0;
  #ended = false;
  #open: Promise<void> = Promise.resolve();
  #resume: (() => void) | undefined;

  constructor(options: MockHypervisorOptions, host: Host, spec: VmSpec, child: SpawnedProcess) {
    this.#options = options;
    this.#host = host;
    this.sandboxId = spec.sandboxId;
    this.marker = spec.marker;
    this.#folder = spec.folder;
    this.child = child;
    this.cpus = spec.config.numVCPUs;
    this.memoryMiB = spec.config.memoryMiB;
    this.#vsock = spec.config.useVSock;
    const logDisk = spec.devices.find(({ id }) => id === spec.logDisk);
    if (logDisk?.kind === "disk") this.#logDisk = new LogDiskWriter(logDisk.path);
    this.gone = child.exited.then(({ code, signal }) => {
      this.#ended = true;
      for (const stream of this.#streams.values()) stream.destroy();
      return signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`;
    });
    for (const name of [machineFile.log, machineFile.console])
      this.#append(name, "", ifThere | constants.O_CREAT);
    options.onStart?.(this);
  }

  /** Settles when the machine is not paused. */
  get open(): Promise<void> {
    return this.#open;
  }

  get paused(): boolean {
    return this.#resume !== undefined;
  }

  pause(): void {
    if (this.paused) return;
    this.#open = new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  resume(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  /**
   * As a chardev of QEMU, a port has one client; a later connection takes the place of an earlier one. Over
   * vsock there is no end of clients.
   */
  connect(port: number): Duplex {
    if (this.#vsock) return this.#serve(port, this.#clients++);
    this.#streams.get(port)?.destroy();
    return this.#serve(port, port);
  }

  #serve(port: number, key: number): Duplex {
    const [host, guest] = streamPair(this);
    this.#streams.set(key, guest);
    guest.once("close", () => {
      if (this.#streams.get(key) === guest) this.#streams.delete(key);
    });
    this.#options.serveAgent(guest, this, port);
    return host;
  }

  writeLog(bytes: Uint8Array): void {
    if (this.#logDisk !== undefined) this.#logDisk.append(bytes);
    else this.#append(machineFile.log, bytes);
  }

  writeConsole(text: string): void {
    this.#append(machineFile.console, text);
  }

  async powerOff(): Promise<void> {
    await this.#host.processes.signal(this.child, "SIGTERM");
    // What is stopped feels it only now.
    await this.#host.processes.signal(this.child, "SIGCONT");
  }

  /**
   * As a VMM does it: what the disk has no room for is lost, and the guest goes on. One that has ended writes
   * nothing; before that is known its files may be gone, and are not made again.
   */
  #append(name: string, data: Uint8Array | string, flags: number = ifThere): void {
    if (this.#ended) return;
    try {
      const file = openSync(join(this.#folder, name), flags, 0o600);
      try {
        appendFileSync(file, data);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      if (!isErrno(error, "ENOSPC", "ENOENT")) throw error;
    }
  }
}
