import { stat } from "node:fs/promises";
import { VirtError } from "../../../errors.ts";
import { hostError } from "../../../host/errno.ts";
import type { Host } from "../../../host/host.ts";
import type { QemuConfig } from "../config.ts";
import { machines } from "./machines.ts";

/** The QEMU binaries of this host: where they are, and what they know. */
export class Binaries {
  readonly #host: Host;
  /** First words of help texts, by path, modification time and arguments, so that an upgrade is noticed. */
  readonly #known = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Absolute path of the binary; HOST_REQUIREMENT if it is not there. */
  async find(config: QemuConfig): Promise<string> {
    const { binary } = machines[config.machineType];
    const path = await this.#host.processes.which(config.hypervisorPath ?? binary);
    if (path !== undefined) return path;
    const chosen = config.hypervisorPath !== undefined;
    throw new VirtError(
      "HOST_REQUIREMENT",
      `${config.hypervisorPath ?? binary} is missing or not executable`,
      {
        field: chosen ? "hypervisorConfig.hypervisorPath" : undefined,
        hint: chosen
          ? "Correct the path."
          : "Install it: `virtc setup`, or the package qemu-system-x86.",
      },
    );
  }

  /** What `-machine help` lists. */
  async machineTypes(path: string, signal: AbortSignal): Promise<ReadonlySet<string>> {
    return await this.#listed(path, ["-machine", "help"], signal);
  }

  /** The properties of a device, from `-device <driver>,help`. */
  async properties(
    path: string,
    driver: string,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    return await this.#listed(path, ["-device", `${driver},help`], signal);
  }

  async #listed(path: string, args: string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { mtimeMs } = await stat(path).catch((error: unknown) => {
      throw hostError(error, `looking at ${path}`);
    });
    const key = [mtimeMs, path, ...args].join(" ");
    let words = this.#known.get(key);
    if (words === undefined) {
      words = this.#probe(path, args, signal);
      this.#known.set(key, words);
      words.catch(() => this.#known.delete(key));
    }
    return await words;
  }

  async #probe(path: string, args: string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { code, stdout, stderr } = await this.#host.processes.run(path, args, {
      signal,
      timeoutMs: 10_000,
    });
    if (code !== 0) {
      const command = [path, ...args].join(" ");
      throw new VirtError("HYPERVISOR_FAILED", `${command} failed: ${stderr.trim()}`);
    }
    return new Set(stdout.split("\n").flatMap((line) => line.trim().split(/[ =]/)[0] || []));
  }
}
