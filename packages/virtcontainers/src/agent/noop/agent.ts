import type { Interface, Route } from "../../config/network/interface.ts";
import {
  type Agent,
  consoleFeature,
  type GuestDetails,
  type GuestProcess,
  type OutputPiece,
  type ProcessRow,
} from "../agent.ts";
import { copyFeature, type GuestChange, type GuestFile } from "../files.ts";
import { type ContainerStats, noCgroupStats } from "../stats.ts";
import type { VolumeStats } from "../volume-stats.ts";

/**
 * An agent without a guest: it agrees to everything and does nothing. Every process ends at once with 0 and
 * has written nothing; events never come.
 */
export class NoopAgent implements Agent {
  readonly closed: Promise<void>;
  readonly powersOff = false;
  #close: () => void = () => {};
  #isClosed = false;

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async details(): Promise<GuestDetails> {
    return {
      version: "noop",
      features: [copyFeature, consoleFeature],
      storageHandlers: [],
      supportsSeccomp: false,
      memoryBlockBytes: 0,
      memoryProbe: false,
    };
  }

  /** Every path is an empty folder. */
  async statPath(): Promise<GuestFile> {
    const nobody = { uid: 0, gid: 0, mtimeMs: 0 };
    return { name: Buffer.alloc(0), kind: "folder", mode: 0o755, ...nobody, size: 0, target: "" };
  }
  async listFolder(): Promise<GuestFile[]> {
    return [];
  }
  async readFile(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async setOnlineCpus(count: number): Promise<number[]> {
    return Array.from({ length: count }, (_, index) => index);
  }

  async check(): Promise<void> {}
  async configureSandbox(): Promise<void> {}
  async setLifetime(): Promise<void> {}
  async createSandbox(): Promise<void> {}
  async destroySandbox(): Promise<void> {}
  async setTime(): Promise<void> {}
  async reseedRandomDev(): Promise<void> {}
  async onlineCPUMem(): Promise<void> {}
  async memHotplugByProbe(): Promise<void> {}
  async updateEphemeralMounts(): Promise<void> {}
  async addSwap(): Promise<void> {}
  async addSwapPath(): Promise<void> {}
  async copyFile(): Promise<void> {}
  async removeFile(): Promise<void> {}
  async putFile(): Promise<void> {}
  async putSandboxFile(): Promise<void> {}
  async dropFile(): Promise<void> {}
  async renamePath(): Promise<void> {}
  async removePath(): Promise<void> {}
  async openWatch(): Promise<void> {}
  async readWatch(): Promise<{ changes: GuestChange[]; ended: boolean }> {
    return { changes: [], ended: true };
  }
  async closeWatch(): Promise<void> {}
  async resizeVolume(): Promise<void> {}
  async setIPTables(): Promise<void> {}
  async updateInterface(): Promise<void> {}
  async addARPNeighbors(): Promise<void> {}
  async setPolicy(): Promise<void> {}
  async createContainer(): Promise<void> {}
  async startContainer(): Promise<void> {}
  async removeContainer(): Promise<void> {}
  async updateContainer(): Promise<void> {}
  async pauseContainer(): Promise<void> {}
  async resumeContainer(): Promise<void> {}
  async execProcess(): Promise<void> {}
  async signalProcess(): Promise<void> {}
  async closeStdin(): Promise<void> {}
  async resizeTerminal(): Promise<void> {}
  async setOutput(): Promise<void> {}

  async getMetrics(): Promise<string> {
    return "";
  }

  async getDiagnosticData(): Promise<string> {
    return "";
  }

  async listInterfaces(): Promise<Interface[]> {
    return [];
  }

  async updateRoutes(routes: readonly Route[]): Promise<Route[]> {
    return [...routes];
  }

  async listRoutes(): Promise<Route[]> {
    return [];
  }

  async getIPTables(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async getVolumeStats(): Promise<VolumeStats> {
    return { usage: [], condition: undefined };
  }

  async statsContainer(): Promise<ContainerStats> {
    return { cgroupStats: noCgroupStats(), networkStats: [] };
  }

  async waitProcess(): Promise<number> {
    return 0;
  }

  async writeStdin(_container: string, _exec: string, data: Uint8Array): Promise<number> {
    return data.length;
  }

  async readStdout(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async readStderr(): Promise<Uint8Array> {
    return new Uint8Array();
  }

  async readOutput(): Promise<OutputPiece> {
    return { offset: 0, data: new Uint8Array(), eof: true };
  }

  async setHealthCheck(): Promise<void> {}

  async listProcesses(): Promise<GuestProcess[]> {
    return [];
  }

  async processTable(): Promise<ProcessRow[]> {
    return [];
  }

  /** Waits until the signal ends it. */
  getOOMEvent(signal: AbortSignal): Promise<string> {
    return new Promise((_resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#close();
  }
}
